// Keys that work anywhere on a page with a player, except where somebody types or chooses.

export function onKeys(actions) {
  document.addEventListener("keydown", (event) => {
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const isTyping = event.target.closest("button, select, a, summary, input");
    if (!action || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    // The element's own keys would do the same once more.
    event.preventDefault();
    action();
  });
}

export function toggle(video) {
  if (video.paused) video.play().catch(() => {});
  else video.pause();
}

export function fillScreen(video) {
  if (document.fullscreenElement) document.exitFullscreen();
  else video.requestFullscreen?.();
}
