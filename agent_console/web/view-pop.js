// The screen pop: who calls, while the agent's telephone rings (or while he looks elsewhere).

import { h, show } from "./dom.js";
import { calling } from "./queries.js";
import { phone } from "./words.js";

export function popView(openTicket, select) {
  const pop = document.getElementById("pop");
  let shown = null;
  let elsewhere = false;

  return (state) => {
    const call = calling(state);
    const away = Boolean(call) && call.call_id !== state.selected;
    if (call !== shown || away !== elsewhere) {
      [shown, elsewhere] = [call, away];
      pop.replaceChildren(...(call ? content(call, away, openTicket, select) : []));
    }
    show(pop, Boolean(call));
  };
}

function content(call, away, openTicket, select) {
  return [
    h("span", { class: "bell", "aria-hidden": "true" }),
    h(
      "div",
      {},
      h(
        "p",
        { class: "who" },
        call.state === "offered" ? "来电 " : "通话中 ",
        h("bdi", {}, phone(call.caller_number)),
      ),
      h("p", { class: "what" }, h("bdi", {}, lineWords(call)), keyWords(call)),
    ),
    openTickets(call, openTicket),
    away
      ? h("button", { type: "button", onclick: () => select(call.call_id) }, "切换到这通电话")
      : null,
  ].filter(Boolean);
}

const lineWords = (call) =>
  call.line_name ? `${call.line_name}（拨打 ${call.dialled}）` : `拨打 ${call.dialled}`;

const keyWords = (call) => (call.keys ? ` · 按键 ${call.keys}` : "");

export function openTickets(call, openTicket) {
  if (!call.open_tickets) return h("p", { class: "tickets" }, "正在查询未办结工单…");
  if (!call.open_tickets.length) return h("p", { class: "tickets" }, "无未办结工单");
  return h(
    "p",
    { class: "tickets" },
    `未办结工单 ${call.open_tickets.length} 件：`,
    ...call.open_tickets.map((number) =>
      h("button", { type: "button", class: "link", onclick: () => openTicket(number) }, number),
    ),
  );
}
