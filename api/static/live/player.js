// Keeps a broadcast playing: opens it by HLS or FLV, and opens it anew for as long as it takes,
// whatever goes wrong, until it is over.

import { isFlvThere, playFlv } from "./flv.js";
import { isHlsThere, playHls } from "./hls.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
// Nothing of it can be had yet: that is soon over.
const OFFLINE_WAIT_MS = 1500;
const LOOK_MS = 500;
const STALLED_MS = 8000;
// Who was away and is back has so long to go on without being opened anew.
const BACK_MS = 5000;
// What does not play after so many tries does not play here.
const MAX_FLV_FAULTS = 3;

export function livePlayer(video, addresses, hooks) {
  const stage = document.getElementById("stage");
  stage.dataset.errors = "0";
  let backend = null;
  let wished = "hls";
  let isOn = false;
  let isLast = false;
  let isAway = false;
  let isPaused = false;
  let failures = 0;
  let flvFaults = 0;
  let timer = null;
  let movedAt = 0;
  let lastS = -1;

  function open() {
    close();
    const mode = modeOf(wished);
    if (!mode) return;
    stage.dataset.mode = mode;
    movedAt = performance.now();
    lastS = -1;
    backend = (mode === "flv" ? playFlv : playHls)(video, addresses[mode], { onTrouble, onRefused, onError });
    if (!isPaused) play();
  }

  function close() {
    clearTimeout(timer);
    // What it says while it ends is not trouble.
    const old = backend;
    backend = null;
    old?.stop();
  }

  // Browsers let nobody be startled: without a gesture of the viewer there is no sound.
  function play() {
    video.play().catch((error) => {
      if (error.name !== "NotAllowedError") return;
      if (video.muted) { hooks.onBlocked(); return; }
      video.muted = true;
      play();
    });
  }

  // Offline is what will soon be there; a fault, what speaks against FLV being played here.
  function onTrouble(why, { isOffline = false, isFault = true, isHopeless = false } = {}) {
    if (!isOn || !backend) return;
    if (isLast) { over(); return; }
    failures += 1;
    // A line that is down is no fault of FLV.
    if (wished === "flv" && isFault && !isAway && navigator.onLine) flvFaults += isHopeless ? MAX_FLV_FAULTS : 1;
    if (flvFaults >= MAX_FLV_FAULTS && isHlsThere(video)) {
      wished = "hls";
      failures = flvFaults = 0;
      hooks.onFallBack();
    }
    const longest = isOffline ? OFFLINE_WAIT_MS : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    close();
    hooks.onTrouble(why, { isOffline });
    timer = setTimeout(open, longest / 2 + (Math.random() * longest) / 2);
  }

  function onRefused() {
    stop();
    hooks.onRefused();
  }

  function onError(why) {
    stage.dataset.errors = String(Number(stage.dataset.errors) + 1);
    console.info("player", why);
  }

  function over() {
    stop();
    hooks.onOver();
  }

  // Nothing else tells that a picture stands still though nothing failed.
  function look() {
    if (!backend) return;
    const now = performance.now();
    if (video.currentTime !== lastS || video.paused || document.hidden) {
      if (lastS >= 0 && video.currentTime > lastS) { failures = flvFaults = 0; hooks.onPlaying(); }
      lastS = video.currentTime;
      movedAt = now;
    }
    hooks.onBehind(backend.behindS() > 0);
    const isStill = now - movedAt > STALLED_MS;
    if (isLast && (video.ended || isStill)) over();
    else if (isStill && !isAway) { onError("still"); onTrouble("still"); }
  }

  function stop() {
    isOn = false;
    close();
  }

  video.addEventListener("pause", () => { if (backend && !video.ended) isPaused = true; });
  video.addEventListener("play", () => { isPaused = false; });
  setInterval(look, LOOK_MS);

  return {
    start(mode) { wished = mode; isOn = true; isLast = false; isPaused = false; failures = flvFaults = 0; open(); },
    // It plays out, and is not opened again.
    finish() { isLast = true; if (!backend) over(); },
    // Its publisher is away, or the viewer's line is: the picture may stand still.
    setAway(isNow) {
      if (isAway && !isNow) movedAt = performance.now() - STALLED_MS + BACK_MS;
      isAway = isNow;
    },
    toEdge() { backend?.toEdge(); play(); },
    stop,
  };

  function modeOf(mode) {
    if (mode === "flv" && isFlvThere()) return "flv";
    return isHlsThere(video) ? "hls" : isFlvThere() ? "flv" : null;
  }
}
