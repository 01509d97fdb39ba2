"""What `reelmill doctor` looks at: everything this box needs, one check at a time."""

from compose.doctor.report import Check, Report
from compose.doctor.rounds import examine

__all__ = ["Check", "Report", "examine"]
