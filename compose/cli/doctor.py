"""``reelmill doctor``: is everything here that this box needs?"""

from compose import configuration
from compose.cli.exits import Exit
from compose.cli.options import JsonOption
from compose.cli.output import print_json, print_table, stdout


def doctor(*, as_json: JsonOption = False) -> int:
    """Check versions, encoders, database, broker, Redis, storage and disk, with these settings."""
    from compose.doctor import examine

    report = examine(configuration.load())
    if as_json:
        print_json(report)
    else:
        print_table(
            ("CHECK", "FOUND", "DETAIL"),
            ((check.name, check.finding, check.detail) for check in report.checks),
        )
        for check in report.checks:
            if check.remedy:
                stdout().print(f"\n{check.name}: {check.remedy}")
    return Exit.OK if report.is_ok else Exit.FAILED
