// The red banner: what was said must go to 110, 119, 120... at once.

import { h, show } from "./dom.js";
import { asText } from "./words.js";

const FIELD = "emergency_transfer";

export function emergencyView(select) {
  const banner = document.getElementById("emergency");
  let shown = "";

  return (state) => {
    const urgent = Object.values(state.drafts).filter(
      (draft) =>
        state.calls[draft.call_id] &&
        state.calls[draft.call_id].state !== "ended" &&
        asText(draft.fields[FIELD]?.value),
    );
    const look = JSON.stringify([state.selected, urgent.map((draft) => draft.fields[FIELD])]);
    show(banner, urgent.length > 0);
    if (look === shown) return;
    shown = look;
    banner.replaceChildren(
      ...urgent.map((draft) =>
        h(
          "p",
          {},
          h("strong", {}, "请立即转接 ", h("bdi", {}, asText(draft.fields[FIELD].value))),
          h("q", {}, quote(draft)),
          draft.call_id === state.selected
            ? null
            : h("button", { type: "button", onclick: () => select(draft.call_id) }, "查看通话"),
        ),
      ),
    );
  };
}

const quote = (draft) =>
  draft.fields[FIELD].evidence.map((one) => one.words).filter(Boolean).slice(0, 2).join("，");
