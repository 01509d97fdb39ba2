// Who is live, kept up to date: broadcasts appear and go without the page being loaded again.

import { follow } from "./follow.js";

const { texts, max_listed: maxListed } = JSON.parse(document.getElementById("live-data").textContent);
const list = document.getElementById("broadcasts");

follow(`/api/live?limit=${maxListed}`, {
  onNews({ items, next }) {
    show(items);
    document.getElementById("nobody").hidden = items.length > 0;
    document.getElementById("more").hidden = !next;
    document.getElementById("more").textContent = texts.more_live.replace("{n}", items.length);
  },
  onRefused() {},
  onLine(isUp) { document.getElementById("offline").hidden = isUp; },
});

// What is there stays the very element it was: whoever has the focus on it keeps it.
function show(items) {
  const known = new Map([...list.children].map((item) => [item.dataset.id, item]));
  const wanted = items.map((stream) => filled(known.get(stream.id) ?? blank(stream), stream));
  for (const item of [...list.children]) if (!wanted.includes(item)) item.remove();
  wanted.forEach((item, n) => { if (list.children[n] !== item) list.insertBefore(item, list.children[n] ?? null); });
}

function blank({ id, liveUrl }) {
  const item = document.createElement("li");
  item.dataset.id = id;
  const link = document.createElement("a");
  link.className = "tile";
  link.href = liveUrl;
  link.append(...["picture", "name", "facts"].map((name) => part(name)));
  item.append(link);
  return item;
}

function part(name) {
  const span = document.createElement("span");
  span.className = name;
  return span;
}

function filled(item, { title, isReconnecting, viewerCount, posterUrl }) {
  const watching = viewerCount === null ? [] : [texts.watching.replace("{n}", viewerCount)];
  say(item.querySelector(".name"), title);
  say(item.querySelector(".facts"), [isReconnecting ? texts.interrupted : texts.live, ...watching].join(" · "));
  picture(item.querySelector(".picture"), posterUrl);
  return item;
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function picture(place, url) {
  const shown = place.querySelector("img");
  if ((shown?.getAttribute("src") ?? null) === url) return;
  shown?.remove();
  if (!url) return;
  const img = document.createElement("img");
  img.alt = "";
  img.loading = "lazy";
  img.src = url;
  place.append(img);
}
