#!/bin/sh
# Make .venv from a lock file and put the `reelmill` command into it.
#
# Called by the Makefile as `sh compose/setup.sh LOCKFILE` from the repository's root.
# Plain pip is enough. Its output goes to build/setup.log and is shown only when it fails.
set -eu

lock=$1
log=build/setup.log
mkdir -p build

find_python() {
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "Reelmill needs Python 3.11 or newer and found none: install it or say where it is," \
    "as in: make setup PYTHON=/path/to/python3.12" >&2
  exit 1
}

fail() {
  tail -n 20 "$log" >&2
  echo "$1 (all of it: $log)" >&2
  exit 1
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  python=$(find_python)
  echo "Making .venv with $("$python" --version) …"
  "$python" -m venv .venv >"$log" 2>&1 ||
    fail "python -m venv failed; on Debian and Ubuntu the package python3-venv is missing"
fi
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo ".venv was made with a Python older than 3.11: remove the folder and try again" >&2
  exit 1
fi

echo "Installing $lock into .venv (the first time a few hundred MB, minutes) …"
pip=".venv/bin/python -m pip --disable-pip-version-check --no-input"
$pip install --quiet --require-hashes -r "$lock" >"$log" 2>&1 ||
  fail "Installing $lock failed"
$pip install --quiet --no-deps --no-build-isolation --editable . >>"$log" 2>&1 ||
  fail "Installing the reelmill command failed"
