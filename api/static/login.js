// Trades the ticket of a one-time link for the cookie. The ticket stands behind #, which browsers
// send to nobody, and leaves the address before anything else happens.
const place = document.querySelector(".entrance");
const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");

if (ticket) {
  history.replaceState(null, "", location.pathname + location.search);
  trade(ticket);
}

async function trade(ticket) {
  show("trading", true);
  let text = place.dataset.offline;
  try {
    const answer = await fetch("/login/ticket", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ticket }),
    });
    if (answer.ok) {
      location.replace(place.dataset.next);
      return;
    }
    if (answer.status < 500) text = place.dataset.failed;
  } catch {
    // The server is away: the text says so.
  }
  show("trading", false);
  const said = document.getElementById("said");
  if (said) {
    said.hidden = false;
    said.textContent = text;
  }
}

function show(id, isShown) {
  const found = document.getElementById(id);
  if (found) found.hidden = !isShown;
}
