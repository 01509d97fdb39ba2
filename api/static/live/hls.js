// A broadcast by HLS: hls.js where it was installed, the browser's own otherwise.
//
// What hls.js can mend while it goes on, it mends here; of all else `onTrouble` is told, and
// whoever opened this opens it anew.

import { offerQualities, offerSounds } from "../choices.js";

const AGAIN_MS = 1000;
const LONGEST_AGAIN_MS = 8000;
// One media error may be a damaged segment; two in a row are more than that.
const HEALED_FOR_MS = 10000;
// A slow line or box, and downloads given up for another quality: no errors, though named so.
const PASSING = new Set(["bufferStalledError", "aborted"]);
// Behind the edge by so much more than it must be: the viewer paused, or the line was slow.
const BEHIND_S = 6;

export function isHlsThere(video) {
  return Boolean(window.Hls?.isSupported() || video.canPlayType("application/vnd.apple.mpegurl"));
}

export function playHls(video, url, hooks) {
  return window.Hls?.isSupported() ? withScript(video, url, hooks) : withBrowser(video, url, hooks);
}

function withScript(video, url, { onTrouble, onRefused, onError }) {
  const { Events, ErrorTypes } = window.Hls;
  const hls = new window.Hls({
    liveSyncDurationCount: 3,
    // So far behind, a picture is no longer live: jump.
    liveMaxLatencyDurationCount: 10,
    maxLiveSyncPlaybackRate: 1.05,
    capLevelToPlayerSize: true,
    backBufferLength: 30,
  });
  let healedAt = -Infinity;
  let failures = 0;
  let timer = null;

  hls.on(Events.ERROR, (_event, error) => {
    const status = error.response?.code;
    if (status === 401 || status === 403) { hls.stopLoad(); onRefused(); return; }
    if (PASSING.has(error.details)) return;
    if (status !== 404) onError(error.details);
    if (!error.fatal) return;
    if (error.type === ErrorTypes.NETWORK_ERROR && hls.levels.length && status !== 404) again();
    else if (error.type === ErrorTypes.MEDIA_ERROR && performance.now() - healedAt > HEALED_FOR_MS) heal();
    else onTrouble(error.details, { isOffline: status === 404 });
  });
  hls.on(Events.FRAG_BUFFERED, () => { failures = 0; });
  hls.on(Events.MANIFEST_PARSED, () => offerQualities(hls));
  hls.on(Events.AUDIO_TRACKS_UPDATED, () => offerSounds(hls));
  hls.loadSource(url);
  hls.attachMedia(video);

  // What is buffered plays on meanwhile.
  function again() {
    failures += 1;
    const longest = Math.min(LONGEST_AGAIN_MS, AGAIN_MS * 2 ** failures);
    timer = setTimeout(() => hls.startLoad(-1), longest / 2 + (Math.random() * longest) / 2);
  }

  function heal() {
    healedAt = performance.now();
    hls.recoverMediaError();
    video.play().catch(() => {});
  }

  return {
    isOver: () => hls.levels.some((level) => level.details && !level.details.live),
    behindS: () => (hls.liveSyncPosition === null ? 0 : hls.liveSyncPosition - video.currentTime - BEHIND_S / 2),
    toEdge: () => { if (hls.liveSyncPosition !== null) video.currentTime = hls.liveSyncPosition; },
    stop: () => { clearTimeout(timer); hls.destroy(); },
  };
}

function withBrowser(video, url, { onTrouble }) {
  const failed = () => onTrouble(video.error?.message || "HLS", { isOffline: true });
  const end = () => (video.seekable.length ? video.seekable.end(video.seekable.length - 1) : 0);
  video.addEventListener("error", failed);
  video.src = url;
  return {
    isOver: () => Number.isFinite(video.duration),
    behindS: () => (end() ? end() - video.currentTime - 2 * BEHIND_S : 0),
    toEdge: () => { if (end()) video.currentTime = end() - BEHIND_S; },
    stop: () => {
      video.removeEventListener("error", failed);
      video.removeAttribute("src");
      video.load();
    },
  };
}
