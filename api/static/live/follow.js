// Asks again and again how a stream stands, for as long as the page is open: soon while somebody
// looks at it, seldom while it lies in the background or hears of changes by other means.

const PERIOD_MS = 3000;
const LONG_PERIOD_MS = 10000;
const REFUSED = new Set([401, 403, 404]);

export function follow(url, { onNews, onRefused, onLine }) {
  let timer = null;
  let isAsking = false;
  let isOver = false;
  let isTold = false;

  async function ask() {
    if (isAsking || isOver) return;
    clearTimeout(timer);
    isAsking = true;
    const answer = await fetch(url).catch(() => null);
    const told = await answer?.json().catch(() => null);
    isAsking = false;
    if (answer?.ok && told) onNews(told);
    else if (REFUSED.has(answer?.status)) { isOver = true; onRefused(told); return; }
    onLine(Boolean(answer?.ok && told));
    // Jitter, so that a thousand pages do not ask in the same second.
    timer = setTimeout(ask, (document.hidden || isTold ? LONG_PERIOD_MS : PERIOD_MS) * (0.9 + Math.random() * 0.2));
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  window.addEventListener("online", ask);
  window.addEventListener("offline", ask);
  timer = setTimeout(ask, PERIOD_MS * Math.random());
  return { ask, setTold(isNow) { isTold = isNow; } };
}
