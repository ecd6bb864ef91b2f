// A ticket to look at, in a dialog: the caller's earlier matters.

import { h } from "./dom.js";
import { asText, clock } from "./words.js";

export function ticketView() {
  const dialog = document.getElementById("ticket");
  return (ticket, form) => {
    const titles = Object.fromEntries(form.map((field) => [field.key, field.title]));
    const rows = Object.entries(ticket.fields)
      .filter(([key, value]) => titles[key] && asText(value))
      .flatMap(([key, value]) => [h("dt", {}, titles[key]), h("dd", {}, h("bdi", {}, asText(value)))]);
    const day = new Date(ticket.created_at).toLocaleDateString("zh-CN");
    dialog.replaceChildren(
      h("h2", { id: "ticket-title" }, `工单 ${ticket.number}`),
      h("p", { class: "hint" }, `${day} ${clock(ticket.created_at)} 登记`),
      h("dl", {}, ...rows),
      h("button", { type: "button", onclick: () => dialog.close() }, "关闭"),
    );
    dialog.showModal();
  };
}
