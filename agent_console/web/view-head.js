// The head of the selected call: number, line, how long, the caller's open tickets, recordings.

import { recording } from "./api.js";
import { attribute, h, show, text } from "./dom.js";
import { openTickets } from "./view-pop.js";
import { CALL_STATES, LEGS, clock, offset, phone } from "./words.js";

export function headView(openTicket) {
  const head = document.getElementById("call-head");
  const players = document.getElementById("recordings");
  const lasts = h("span", { class: "lasts" });
  let call = null;
  let played = "";

  setInterval(tick, 1000);

  function tick() {
    if (!call) return;
    const from = call.connected_at ?? call.offered_at ?? call.arrived_at;
    const to = call.ended_at ? new Date(call.ended_at) : new Date();
    text(lasts, offset(to - new Date(from)));
  }

  return (state) => {
    const now = state.calls[state.selected] ?? null;
    if (now !== call) {
      call = now;
      head.replaceChildren(...(call ? content(call, lasts, openTicket) : []));
      tick();
    }
    const wanted = call && call.state === "ended" ? [call.call_id, ...call.recordings] : [];
    if (wanted.join("/") !== played) {
      played = wanted.join("/");
      players.replaceChildren(...wanted.slice(1).map((leg) => player(call.call_id, leg)));
      show(players, wanted.length > 1);
    }
  };
}

function content(call, lasts, openTicket) {
  const badge = h("span", { class: "badge" }, CALL_STATES[call.state]);
  attribute(badge, "data-state", call.state);
  const facts = [call.line_name || call.dialled, `${clock(call.arrived_at)} 来电`];
  if (call.keys) facts.push(`按键 ${call.keys}`);
  return [
    h("p", { class: "who" }, h("bdi", {}, phone(call.caller_number)), badge, lasts),
    h("p", { class: "what" }, ...facts.map((fact) => h("bdi", {}, fact))),
    openTickets(call, openTicket),
  ];
}

const player = (id, leg) =>
  h(
    "label",
    {},
    `${LEGS[leg] ?? leg}录音`,
    h("audio", { controls: true, preload: "none", src: recording(id, leg) }),
  );
