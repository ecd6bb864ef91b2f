// The line to the server: opens it, watches it, and opens it again until it is told to stop.

const VERSION = 1;
const FIRST_WAIT = 500; // ms
const LONGEST_WAIT = 15000;
const OPENING = 10000; // the longest that an opening may take

const RESUME = 4001; // close codes of the server, see messages.py
const LOG_IN = 4003;

// Options: `cursor()` gives the last cursor, `message(m)` takes what the server says, `link(state)`
// hears "live" or "lost", `sessionOver()` that a log-in is needed, `check()` asks over HTTP whether
// the session still holds, or null when nobody answers (a refused WebSocket does not say why).
export function openLine({ cursor, message, link, sessionOver, check }) {
  let socket = null;
  let failures = 0;
  let timer = null;
  let watch = null;
  let silence = OPENING;
  let stopped = false;

  function open() {
    clearTimeout(timer);
    if (stopped) return;
    const place = new URL("/ws", location.href);
    place.protocol = place.protocol === "https:" ? "wss:" : "ws:";
    const mine = new WebSocket(place);
    socket = mine;
    silence = OPENING;
    listenOn();
    mine.onopen = () =>
      mine.send(JSON.stringify({ type: "hello", version: VERSION, resume_cursor: cursor() }));
    mine.onmessage = (frame) => socket === mine && hear(JSON.parse(frame.data));
    mine.onclose = (end) => socket === mine && closed(end.code);
  }

  function hear(heard) {
    listenOn();
    if (heard.type === "welcome") {
      failures = 0;
      silence = heard.heartbeat_seconds * 2000;
      listenOn();
      link("live");
    }
    message(heard);
  }

  // Every message puts the alarm off; when it rings, the line is dead whatever the browser says.
  function listenOn() {
    clearTimeout(watch);
    watch = setTimeout(restart, silence);
  }

  function closed(code) {
    clearTimeout(watch);
    socket = null;
    if (stopped) return;
    if (code === LOG_IN) {
      stop();
      sessionOver();
      return;
    }
    link("lost");
    const longest = code === RESUME ? FIRST_WAIT : FIRST_WAIT * 2 ** failures;
    failures = Math.min(failures + 1, 10);
    // Spread, so that a hundred consoles do not come back in one moment.
    timer = setTimeout(again, Math.min(longest, LONGEST_WAIT) * (0.5 + Math.random() / 2));
  }

  async function again() {
    const holds = await check();
    if (stopped || socket) return;
    if (holds) {
      open();
    } else if (holds === null) {
      closed();
    } else {
      stop();
      sessionOver();
    }
  }

  function restart() {
    const old = socket;
    socket = null;
    old?.close();
    closed(RESUME);
  }

  function stop() {
    stopped = true;
    clearTimeout(timer);
    clearTimeout(watch);
    window.removeEventListener("online", soon);
    const old = socket;
    socket = null;
    old?.close();
  }

  // The network is back: no need to sit out the wait.
  function soon() {
    if (!socket && !stopped) open();
  }

  window.addEventListener("online", soon);
  open();
  return { restart, stop };
}
