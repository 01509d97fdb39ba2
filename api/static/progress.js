// Follows a job over its websocket: a snapshot, then numbered events and fleeting progress.
// The line may break at any time; it is taken up again after the last event that was seen.
// Each time a ticket is asked for first: a browser can show no other credentials there.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const FINISHED = new Set(["succeeded", "failed", "cancelled"]);
const ENDINGS = new Set(["job.succeeded", "job.failed", "job.cancelled"]);

const REFUSED = new Set([401, 403, 404]);

export function followJob(jobId, playbackToken, { onProgress, onChange, onLine }) {
  const job = new Job(onProgress);
  let failures = 0;
  let lastEventId = null;
  let isOver = false;
  let latest = null;

  async function connect() {
    const ticket = await askForTicket().catch(() => null);
    if (isOver) return;
    if (!ticket) { again(); return; }
    const address = new URL(`/api/jobs/${jobId}/events`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("ticket", ticket);
    if (lastEventId !== null) address.searchParams.set("last_event_id", lastEventId);
    const socket = new WebSocket(address);
    latest = socket;
    socket.onmessage = ({ data }) => take(JSON.parse(data), socket);
    socket.onopen = () => onLine(true);
    socket.onclose = () => { if (!isOver && latest === socket) again(); };
  }

  async function askForTicket() {
    const asked = { job_id: jobId, playback_token: playbackToken };
    const body = JSON.stringify(asked);
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/tickets", { method: "POST", headers, body });
    // Whoever may not follow it now may not later either: the page itself says why.
    if (REFUSED.has(answer.status)) { isOver = true; onChange(); }
    return answer.ok ? (await answer.json()).ticket : null;
  }

  function again() {
    failures += 1;
    onLine(failures < 2);
    // Jitter, so that a thousand pages do not come back in the same second.
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    setTimeout(connect, longest / 2 + (Math.random() * longest) / 2);
  }

  function take(message, socket) {
    failures = 0;
    if (message.type === "snapshot") {
      lastEventId = message.last_event_id;
      job.replace(message.job);
      onChange();
      if (FINISHED.has(message.job.state)) end(socket);
    } else if (message.type === "progress") {
      job.tick(message);
    } else if (message.type === "event") {
      lastEventId = message.event.id;
      takeEvent(message.event, socket);
    }
  }

  function takeEvent(event, socket) {
    if (event.type.startsWith("task.")) job.settle(event);
    else onChange();
    if (event.type === "job.planned") begin(socket);
    if (ENDINGS.has(event.type)) end(socket);
  }

  // The plan tells what there is to follow: a new snapshot has it.
  function begin(socket) {
    lastEventId = null;
    latest = null;
    socket.close();
    connect();
  }

  function end(socket) {
    isOver = true;
    socket.close();
  }

  connect();
}

class Job {
  constructor(onProgress) {
    this.onProgress = onProgress;
    this.shown = { whole: 0, rungs: {} };
    this.tasks = new Map();
    this.eta_s = null;
  }

  replace(job) {
    // The job is done without what runs in the background.
    const awaited = job.tasks.filter((task) => !task.is_background);
    this.tasks = new Map(awaited.map((task) => [task.id, task]));
    this.eta_s = job.eta_s;
    this.show(job.progress, job.rungs);
  }

  tick({ task_id: id, progress }) {
    const task = this.tasks.get(id);
    if (!task) return;
    task.progress = progress;
    this.reckon();
  }

  settle({ type, task_id: id }) {
    const task = this.tasks.get(id);
    if (!task || type !== "task.succeeded") return;
    task.state = "succeeded";
    this.reckon();
  }

  // Chunks count alike here; the server's next snapshot weighs them by length.
  reckon() {
    const shares = [...this.tasks.values()].map((task) => share(task));
    const rungs = {};
    for (const name of Object.keys(this.shown.rungs)) {
      const parts = [...this.tasks.values()].map((task) => rungShare(task, name)).filter((part) => part !== null);
      rungs[name] = mean(parts);
    }
    this.show(mean(shares), rungs);
  }

  // A retried task starts again, but a bar that runs backwards only confuses.
  show(whole, rungs) {
    this.shown.whole = Math.max(this.shown.whole, whole);
    for (const [name, value] of Object.entries(rungs)) {
      this.shown.rungs[name] = Math.max(this.shown.rungs[name] ?? 0, value);
    }
    this.onProgress({ ...this.shown, eta_s: this.eta_s });
  }
}

function share(task) {
  return task.state === "succeeded" ? 1 : mean(Object.values(task.progress));
}

function rungShare(task, name) {
  if (!(name in task.progress)) return null;
  return task.state === "succeeded" ? 1 : task.progress[name];
}

function mean(values) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}
