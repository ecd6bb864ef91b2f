// The agent himself: his state as Asterisk has it, and what he may ask for.

import { attribute, h, show, text } from "./dom.js";
import { AGENT_STATES, PAUSE_REASONS } from "./words.js";

export function agentView(act, leave) {
  const name = h("span", { class: "name" });
  const badge = h("span", { class: "badge", role: "status" });
  const button = (words, what, look = "") =>
    h("button", { type: "button", class: look, onclick: () => act(what) }, words);
  const signIn = button("签入", "sign-in", "primary");
  const resume = button("恢复接听", "resume", "primary");
  const signOut = button("签出", "sign-out");
  const pause = pauseMenu((reason) => act("pause", { reason }));
  const logOut = h("button", { type: "button", class: "quiet", onclick: leave }, "退出");
  document
    .getElementById("agent")
    .append(name, badge, signIn, resume, pause, signOut, logOut);

  return (state) => {
    if (!state.viewer) return;
    const me = state.agents[state.viewer.agent];
    const stands = me?.state ?? "signed_out";
    text(name, `${state.viewer.name} ${state.viewer.agent}`);
    attribute(badge, "data-state", stands);
    text(badge, AGENT_STATES[stands] + (stands === "paused" && me.reason ? `·${me.reason}` : ""));
    show(signIn, stands === "signed_out");
    show(resume, stands === "paused" || stands === "wrap_up");
    text(resume, stands === "wrap_up" ? "整理完毕" : "恢复接听");
    show(pause, ["free", "ringing", "talking", "wrap_up"].includes(stands));
    show(signOut, stands !== "signed_out");
    for (const control of [signIn, resume, signOut]) {
      attribute(control, "disabled", state.link !== "live");
    }
  };
}

function pauseMenu(chosen) {
  const menu = h("details", { class: "menu" });
  const close = (focus) => {
    menu.open = false;
    if (focus) menu.querySelector("summary").focus();
  };
  const items = PAUSE_REASONS.map((reason) =>
    h(
      "button",
      {
        type: "button",
        onclick: () => {
          close(true);
          chosen(reason);
        },
      },
      reason,
    ),
  );
  menu.append(
    h("summary", {}, "示忙"),
    h("div", { class: "items", role: "group", "aria-label": "示忙原因" }, ...items),
  );
  menu.addEventListener("keydown", (event) => event.key === "Escape" && close(true));
  menu.addEventListener("focusout", (event) => {
    if (!menu.contains(event.relatedTarget)) close(false);
  });
  return menu;
}
