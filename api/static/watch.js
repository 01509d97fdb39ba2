// The watch page: plays the asset as soon as something of it can be played, and shows how far
// its preparation is until then and beyond. Starts from what the server wrote into the page.

import { showChapters } from "./chapters.js";
import { offerCopies } from "./copying.js";
import { notice, startPlayer } from "./player.js";
import { followJob } from "./progress.js";

const data = JSON.parse(document.getElementById("watch-data").textContent);
const { texts } = data;
const byId = (id) => document.getElementById(id);
const PLAYABLE = new Set(["playable", "ready"]);
const ENDED = new Set(["ready", "failed", "cancelled"]);
const LOOK_AGAIN_MS = 4000;

let player = null;

function showState(state) {
  const line = byId("state");
  if (line.dataset.state !== state) {
    line.dataset.state = state;
    line.textContent = texts[state];
  }
  byId("work").hidden = ENDED.has(state) || !data.job_id;
  if (PLAYABLE.has(state)) play();
}

function play() {
  player ??= startPlayer(data.hls_url, texts, lookAgain);
}

async function lookAgain() {
  const answer = await fetch(data.asset_url).catch(() => null);
  if (answer?.status === 403 || answer?.status === 404) { leave(await answer.json()); return; }
  if (!answer?.ok) return;
  const asset = await answer.json();
  showAsset(asset);
}

// Whoever let the viewer in has ended it: what plays may play out.
function leave({ title, remedy }) {
  data.is_over = true;
  notice(`${title}. ${remedy}`);
}

function showAsset(asset) {
  data.job_id = asset.job_id;
  // A job that failed after its first chunk leaves something to watch.
  if (asset.state === "failed" || asset.state === "cancelled") playRemains();
  showState(asset.state);
  byId("cause").hidden = !asset.error;
  byId("cause").textContent = asset.error ? said(asset.error) : "";
  byId("warnings").replaceChildren(...asset.warnings.map(line));
  showChapters(asset.chapters);
  if (asset.poster_url && !byId("video").poster) byId("video").poster = asset.poster_url;
}

function said({ title, cause, remedy }) {
  return `${title}. ${cause} ${remedy}`;
}

function line({ title, detail }) {
  const item = document.createElement("li");
  item.textContent = `${title}: ${detail}`;
  return item;
}

async function playRemains() {
  if (player) return;
  const answer = await fetch(data.hls_url, { method: "HEAD" }).catch(() => null);
  if (answer?.ok) play();
}

function span(seconds) {
  const [unit, size] = seconds < 90 ? ["seconds", 1] : seconds < 5400 ? ["minutes", 60] : ["hours", 3600];
  return texts[unit].replace("{n}", Math.max(1, Math.round(seconds / size)));
}

function showProgress({ whole, rungs, eta_s }) {
  const percent = Math.floor(whole * 100);
  byId("whole").value = whole;
  byId("percent").textContent = `${percent} %`;
  byId("left").hidden = eta_s === null;
  if (eta_s !== null) byId("left").textContent = texts.left.replace("{time}", span(eta_s));
  for (const [name, share] of Object.entries(rungs)) rungBar(name).value = share;
}

function rungBar(name) {
  const id = `rung-${name}`;
  if (!byId(id)) {
    const row = document.createElement("li");
    row.className = "bar";
    const label = document.createElement("label");
    label.htmlFor = id;
    label.textContent = name.replace(/^audio/, texts.sound);
    const bar = document.createElement("progress");
    bar.id = id;
    bar.max = 1;
    row.append(label, bar);
    byId("rungs").append(row);
  }
  return byId(id);
}

function follow() {
  followJob(data.job_id, playbackToken(), {
    onProgress: showProgress,
    onChange: lookAgain,
    onLine: (isUp) => { byId("offline").hidden = isUp; },
  });
}

// By a signed address, the page's own address has what opens the rest.
function playbackToken() {
  return location.pathname.split("/~")[1] ?? null;
}

async function waitForJob() {
  while (!data.job_id && !data.is_over && !ENDED.has(byId("state").dataset.state)) {
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
    await lookAgain();
  }
  if (!data.is_over && !ENDED.has(byId("state").dataset.state)) follow();
}

offerCopies(texts);
showState(data.state);
showChapters(data.chapters);
if (data.state === "failed" || data.state === "cancelled") playRemains();
waitForJob();
