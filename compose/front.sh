#!/bin/sh
# Fetch the player of the watch page into api/static/vendor, if Node is here.
#
# Not having it is fine: the watch page then shows the playlist's address instead.
set -eu

log=build/front.log
vendor=api/static/vendor
mkdir -p build "$vendor"

if [ -s "$vendor/hls.min.js" ] && [ "$vendor/hls.min.js" -nt package-lock.json ]; then
  exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
  echo "Note: no Node here, so the watch page shows the playlist address instead of a player."
  exit 0
fi
if npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >"$log" 2>&1; then
  cp node_modules/hls.js/dist/hls.min.js "$vendor/hls.min.js"
else
  echo "Note: npm could not fetch hls.js ($log): the watch page shows the playlist address."
fi
