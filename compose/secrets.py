"""``python -m compose.secrets``: make the passwords of the Docker stack, once.

They go to ``compose/.env``, which git ignores and only its owner may read; what is already
there stays. There are no defaults: a stack without passwords of its own does not start.
"""

import os
import secrets
import sys
from pathlib import Path

PATH = Path(__file__).with_name(".env")
NAMES = (
    "POSTGRES_PASSWORD",
    "RABBITMQ_PASSWORD",
    "VALKEY_PASSWORD",
    "S3_ACCESS_KEY",
    "S3_SECRET_KEY",
    "SIGNING_SECRET",
)


def fill(path: Path) -> list[str]:
    """Add what the file lacks, and return the names that were added."""
    before = path.read_text() if path.exists() else ""
    known = {line.split("=", 1)[0].strip() for line in before.splitlines() if "=" in line}
    missing = [name for name in NAMES if name not in known]
    if missing:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("" if before.endswith("\n") or not before else "\n")
            # Hex: nothing in it means anything inside an address, a shell or YAML.
            file.writelines(f"{name}={secrets.token_hex(20)}\n" for name in missing)
    return missing


if __name__ == "__main__":
    added = fill(PATH)
    if added:
        sys.stdout.write(f"Made {', '.join(added)} in {PATH.name}\n")
