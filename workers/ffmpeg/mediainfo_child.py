"""Runs MediaInfo on one file and prints what it says as JSON; started by ``mediainfo`` alone.

A C++ parser on a stranger's file does not belong into our process. This file is run by its
path, so it imports nothing of ours.
"""

import json
import sys

from pymediainfo import MediaInfo


def main() -> None:
    """Parse the file named by the only argument."""
    # An absolute path of ours: the library takes anything with "://" for an address.
    sys.stdout.write(json.dumps(MediaInfo.parse(sys.argv[1]).to_data()))


if __name__ == "__main__":
    main()
