// The list of calls at the left.

import { attribute, h, keyed, show, text } from "./dom.js";
import { isDone, listed } from "./queries.js";
import { CALL_STATES, clock, phone } from "./words.js";

export function callsView(select) {
  const list = document.getElementById("calls");
  const none = document.getElementById("calls-empty");
  let state = null;

  const draw = keyed(
    list,
    (call) => call.call_id,
    (call) => {
      const number = h("bdi", { class: "number" });
      const badge = h("span", { class: "badge" });
      const line = h("bdi", { class: "line" });
      const time = h("time", {});
      const pick = h(
        "button",
        { type: "button", class: "call", onclick: () => select(call.call_id) },
        h("span", { class: "row" }, number, badge),
        h("span", { class: "row small" }, line, time),
      );
      return {
        node: h("li", {}, pick),
        update(now) {
          const done = isDone(state, now);
          text(number, phone(now.caller_number));
          text(line, now.line_name || now.dialled);
          text(time, clock(now.arrived_at));
          attribute(badge, "data-state", done ? "done" : now.state);
          text(badge, badgeWords(state, now, done));
          attribute(pick, "aria-current", now.call_id === state.selected ? "true" : null);
        },
      };
    },
  );

  return (now) => {
    state = now;
    const calls = listed(now);
    draw(calls);
    show(none, calls.length === 0);
  };
}

function badgeWords(state, call, done) {
  if (done) return "已提交";
  if (call.state === "ended") return state.drafts[call.call_id] ? "待提交" : "已结束";
  return CALL_STATES[call.state];
}
