"""Who goes first: priority, ageing and fair share in one number per task, smallest first.

Ageing is linear, so "waited longer" and "came earlier" order tasks the same way for ever:
a rank is a point in time, computed once, and an index on it is the order of the queue.
"""

#: One step of priority is worth so many seconds of waiting.
PRIORITY_STEP_S = 600.0
#: Each unfinished job of the same account puts its next one back by so much.
FAIR_SHARE_STEP_S = 5.0
#: What the first chunk of a job gains, so that its viewer can start soon.
EXPRESS_BONUS_S = 600.0
#: What a task gains at a worker that already has its source.
AFFINITY_BONUS_S = 20.0
#: Priority of a job that did not say.
NORMAL_PRIORITY = 5


def job_rank(now_s: float, *, priority: int, active_jobs: int) -> float:
    """Rank a job at its submission.

    Args:
        now_s: the database's time.
        priority: 0–9, 9 most urgent.
        active_jobs: unfinished jobs of the same account.
    """
    urgency_s = (priority - NORMAL_PRIORITY) * PRIORITY_STEP_S
    return now_s - urgency_s + active_jobs * FAIR_SHARE_STEP_S


def task_rank(rank: float, *, order: int, is_express: bool) -> float:
    """Rank a task inside its job: earlier chunks first, the first chunk before others' later ones.

    Args:
        rank: the job's.
        order: position inside the job, from 0.
        is_express: whether it is what a viewer waits for.
    """
    # Milliseconds keep the order inside a job without moving it among jobs.
    return rank + order / 1000 - (EXPRESS_BONUS_S if is_express else 0.0)
