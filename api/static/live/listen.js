// Hears within a second how a stream stands, over a websocket where there is a seat left; the
// page asks by itself as well, so that nothing hangs on it.

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 60000;

export function listen(streamId, playbackToken, { onStats, onLost }) {
  let failures = 0;
  let isOver = false;

  async function connect() {
    if (isOver) return;
    const address = new URL(`/api/streams/${streamId}/stats/events`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (playbackToken) {
      const ticket = await askForTicket().catch(() => null);
      if (!ticket) { again(); return; }
      address.searchParams.set("ticket", ticket);
    }
    const socket = new WebSocket(address);
    socket.onmessage = ({ data }) => {
      failures = 0;
      const { type, stats } = JSON.parse(data);
      if (type === "stats") onStats(stats);
    };
    socket.onclose = () => { onLost(); again(); };
  }

  async function askForTicket() {
    const body = JSON.stringify({ stream_id: streamId, playback_token: playbackToken });
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/api/tickets", { method: "POST", headers, body });
    return answer.ok ? (await answer.json()).ticket : null;
  }

  function again() {
    failures += 1;
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures);
    setTimeout(connect, longest / 2 + (Math.random() * longest) / 2);
  }

  connect();
  return { stop() { isOver = true; } };
}
