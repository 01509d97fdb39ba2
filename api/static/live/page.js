// The live page: says how the stream stands, and plays it whenever it is live, by itself.
// Starts from what the server wrote into the page.

import { offerCopies } from "../copying.js";
import { fillScreen, onKeys, toggle } from "../keys.js";
import { isFlvThere } from "./flv.js";
import { follow } from "./follow.js";
import { isHlsThere } from "./hls.js";
import { listen } from "./listen.js";
import { livePlayer } from "./player.js";

const data = JSON.parse(document.getElementById("live-data").textContent);
const { texts } = data;
const byId = (id) => document.getElementById(id);
const video = byId("video");
// A recording is there within so long, or takes longer than anybody waits for.
const RECORDING_MS = 60000;
const LATENCY = "reelmill.live.latency";

let stream = data.stream;
// When what plays began; another time is another broadcast.
let playing = null;
let isPlaying = false;
// The browser waits for the viewer's own hand.
let isBlocked = false;
let isUp = true;
// What was heard last counts for more than what is asked: answers may be a few seconds old.
let heard = null;
let changedAt = -Infinity;

const player = livePlayer(video, { hls: stream.hlsUrl, flv: stream.flvUrl }, {
  onPlaying() {
    if (isPlaying) return;
    isPlaying = true;
    isBlocked = false;
    notice("");
    show();
    // What plays can be watched from its beginning as well.
    following.ask();
  },
  onTrouble(_why, { isOffline }) {
    isPlaying = false;
    if (!isOffline) notice(texts.retrying);
    show();
    following.ask();
  },
  onOver() { isPlaying = false; playing = null; notice(""); show(); },
  onBlocked() { isBlocked = true; show(); },
  onRefused: () => following.ask(),
  onFallBack() { byId("latency").value = "hls"; notice(texts.fell_back); },
  onBehind(isBehind) { byId("to-edge").hidden = !isBehind && !(video.paused && isPlaying); },
});

const following = follow(stream.streamUrl, {
  onNews(news) { take({ ...news, ...heard }); },
  onRefused(problem) {
    hearing.stop();
    player.stop();
    playing = null;
    isPlaying = false;
    stream = { ...stream, status: "ended", dvrUrl: null };
    show();
    byId("waits").hidden = true;
    notice(problem?.title ? `${problem.title}. ${problem.remedy}` : texts.gone);
  },
  onLine(isNow) {
    isUp = isNow;
    byId("offline").hidden = isUp;
    // A line that is down breaks without a word.
    if (!isUp) hear(null);
    player.setAway(!isUp || stream.isReconnecting);
  },
});

// By a signed address, the page's own address has what opens the rest.
const hearing = listen(stream.id, location.pathname.split("/~")[1], {
  onStats({ status, isReconnecting, startedAt, viewerCount }) {
    const isNews = status !== stream.status || startedAt !== stream.startedAt;
    hear({ status, isReconnecting, startedAt, viewerCount });
    take({ ...stream, ...heard });
    if (isNews) following.ask();
  },
  onLost() { hear(null); following.ask(); },
});

function take(news) {
  if (news.status !== stream.status) changedAt = performance.now();
  stream = news;
  hear(heard);
  show();
  decide();
}

function hear(stats) {
  heard = stats;
  following.setTold(Boolean(stats) && !isAwaiting());
}

// Whether something that is not heard of is about to be there: a way to the beginning, a recording.
function isAwaiting() {
  if (stream.status === "live") return !stream.dvrUrl;
  return performance.now() - changedAt < RECORDING_MS;
}

function decide() {
  player.setAway(!isUp || stream.isReconnecting);
  if (stream.status === "live" && stream.startedAt !== playing) {
    playing = stream.startedAt;
    isPlaying = false;
    player.start(byId("latency").value);
  } else if (stream.status !== "live" && playing) player.finish();
}

function show() {
  const isLive = stream.status === "live";
  const state = isLive && stream.isReconnecting ? "reconnecting" : stream.status;
  const waits = isBlocked ? texts.press_play : texts.starting;
  const said = state === "live" && !isPlaying ? waits : texts[state];
  say("state", said);
  byId("state").dataset.state = state;
  say("when", when(isLive));
  say("curtain-text", said);
  byId("curtain").hidden = isPlaying || (isLive && isBlocked);
  byId("waits").hidden = isLive;
  say("waits", state === "ended" ? texts.waits_again : texts.waits);
  byId("watching").hidden = stream.viewerCount === null || !isLive;
  say("watching", texts.watching.replace("{n}", stream.viewerCount));
  link("from-start", stream.dvrUrl);
  link("recording", isLive ? null : stream.recordingUrl);
  byId("unmute").hidden = !isPlaying || !video.muted;
}

// A text that is set anew is read out anew.
function say(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function when(isLive) {
  if (isLive && stream.startedAt) return texts.since.replace("{time}", moment(stream.startedAt));
  if (!isLive && stream.scheduledFor) return texts.announced.replace("{time}", moment(stream.scheduledFor));
  return "";
}

function moment(text) {
  const [at, now] = [new Date(text), new Date()];
  const { lang } = document.documentElement;
  // The page's language, as it is written where the reader lives.
  const spoken = navigator.languages.find((one) => one.startsWith(lang)) ?? lang;
  const shown = { hour: "numeric", minute: "2-digit" };
  if (at.toDateString() !== now.toDateString()) Object.assign(shown, { weekday: "short", month: "long", day: "numeric" });
  if (at.getFullYear() !== now.getFullYear()) shown.year = "numeric";
  return at.toLocaleString(spoken, shown);
}

function link(id, url) {
  byId(id).hidden = !url;
  if (url) byId(id).href = url;
}

function notice(text) {
  byId("notice").hidden = !text;
  say("notice-text", text);
}

function offerLatency() {
  const select = byId("latency");
  byId("latency-box").hidden = !(isFlvThere() && isHlsThere(video));
  if (remembered() === "flv" && isFlvThere()) select.value = "flv";
  select.addEventListener("change", () => {
    remember(select.value);
    if (playing) { isPlaying = false; notice(""); player.start(select.value); show(); }
    byId("quality-box").hidden = true;
    byId("sound-box").hidden = true;
  });
}

// Some browsers keep nothing, and say so by an exception.
function remembered() {
  try { return localStorage.getItem(LATENCY); } catch { return null; }
}

function remember(mode) {
  try { localStorage.setItem(LATENCY, mode); } catch { /* It is asked again next time. */ }
}

onKeys({
  " ": () => toggle(video),
  k: () => toggle(video),
  m: () => { video.muted = !video.muted; },
  f: () => fillScreen(video),
  l: () => player.toEdge(),
});
byId("unmute").addEventListener("click", () => { video.muted = false; });
byId("to-edge").addEventListener("click", () => player.toEdge());
video.addEventListener("volumechange", show);
offerCopies(texts);
offerLatency();
if (!isHlsThere(video) && !isFlvThere()) notice(`${texts.no_player} ${new URL(stream.hlsUrl, location.href).href}`);
show();
decide();
