// Plays one HLS address in the page's video element: hls.js where it was installed, the
// browser's own HLS otherwise, and plain words where neither is there.

import { offerChoices } from "./choices.js";
import { fillScreen, onKeys, toggle } from "./keys.js";

const SKIP_S = 10;
const RETRY_MS = 3000;
const REFUSED = 403;
// A slow line or box, and downloads given up for another quality: no errors, though named so.
const PASSING = new Set(["bufferStalledError", "aborted"]);

export function startPlayer(url, texts, onRefused) {
  const video = document.getElementById("video");
  addKeys(video);
  if (window.Hls?.isSupported()) return withHls(video, url, texts, onRefused);
  if (video.canPlayType("application/vnd.apple.mpegurl")) return withBrowser(video, url, texts);
  notice(`${texts.no_player} ${new URL(url, location.href).href}`);
  return {};
}

function withHls(video, url, texts, onRefused) {
  const hls = new window.Hls({
    // A growing playlist looks like a broadcast, but viewers want its beginning.
    startPosition: 0,
    capLevelToPlayerSize: true,
    backBufferLength: 60,
  });
  const stage = document.getElementById("stage");
  stage.dataset.errors = "0";
  let healed = false;
  hls.on(window.Hls.Events.ERROR, (_event, error) => {
    if (PASSING.has(error.details)) return;
    if (error.response?.code === REFUSED) {
      // The link has ended: asking again would never help.
      hls.stopLoad();
      onRefused();
      return;
    }
    stage.dataset.errors = String(Number(stage.dataset.errors) + 1);
    console.warn("player", error.type, error.details, error.fatal ? "fatal" : "");
    if (!error.fatal) return;
    if (error.type === window.Hls.ErrorTypes.MEDIA_ERROR && !healed) {
      healed = true;
      hls.recoverMediaError();
      return;
    }
    notice(texts.stopped.replace("{why}", error.details), () => restart(hls, url));
    // The line may only be down for a while.
    if (error.type === window.Hls.ErrorTypes.NETWORK_ERROR) {
      setTimeout(() => restart(hls, url), RETRY_MS + Math.random() * RETRY_MS);
    }
  });
  hls.on(window.Hls.Events.FRAG_BUFFERED, () => notice(""));
  offerChoices(hls);
  hls.loadSource(url);
  hls.attachMedia(video);
  return { hls };
}

function restart(hls, url) {
  if (hls.levels.length) hls.startLoad();
  else hls.loadSource(url);
}

function withBrowser(video, url, texts) {
  video.addEventListener("error", () => {
    notice(texts.stopped.replace("{why}", video.error?.message || "HLS"), () => video.load());
  });
  video.addEventListener("playing", () => notice(""));
  video.src = url;
  return {};
}

export function notice(text, again = null) {
  document.getElementById("notice").hidden = !text;
  document.getElementById("notice-text").textContent = text;
  const button = document.getElementById("again");
  button.hidden = !again;
  button.onclick = again;
}

function addKeys(video) {
  onKeys({
    " ": () => toggle(video),
    k: () => toggle(video),
    j: () => { video.currentTime -= SKIP_S; },
    l: () => { video.currentTime += SKIP_S; },
    ArrowLeft: () => { video.currentTime -= SKIP_S; },
    ArrowRight: () => { video.currentTime += SKIP_S; },
    m: () => { video.muted = !video.muted; },
    f: () => fillScreen(video),
  });
}
