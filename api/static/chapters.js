// The chapters below the player: each jumps to its beginning.

export function showChapters(chapters) {
  const list = document.getElementById("chapters");
  if (list.childElementCount === chapters.length) return;
  list.replaceChildren(...chapters.map(entry));
  document.getElementById("chapters-box").hidden = chapters.length === 0;
}

function entry({ start_s: startS, title }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `${clock(startS)} ${title}`;
  button.addEventListener("click", () => { document.getElementById("video").currentTime = startS; });
  item.append(button);
  return item;
}

function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const shown = parts[0] ? parts : parts.slice(1);
  return shown.map((part, n) => (n ? String(part).padStart(2, "0") : part)).join(":");
}
