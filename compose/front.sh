#!/bin/sh
# Fetch the players of the pages into api/static/vendor, if Node is here.
#
# Not having them is fine: the pages then show the addresses of playlists instead.
set -eu

log=build/front.log
vendor=api/static/vendor
# hls.js (Apache-2.0) plays HLS, mpegts.js (Apache-2.0) FLV, for broadcasts with little delay.
players="hls.js/dist/hls.min.js mpegts.js/dist/mpegts.js"
mkdir -p build "$vendor"

is_new() {
  [ -s "$vendor/${1##*/}" ] && [ "$vendor/${1##*/}" -nt package-lock.json ]
}

is_whole=yes
for player in $players; do
  is_new "$player" || is_whole=no
done
if [ $is_whole = yes ]; then
  exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
  echo "Note: no Node here, so the pages show the playlist address instead of a player."
  exit 0
fi
if npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >"$log" 2>&1; then
  for player in $players; do
    cp "node_modules/$player" "$vendor/${player##*/}"
  done
else
  echo "Note: npm could not fetch the players ($log): the pages show the playlist address."
fi
