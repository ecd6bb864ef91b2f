// The draft: one control per field of the ticket form, filled by the desk, corrected by the agent.

import { attribute, h, show, text } from "./dom.js";
import { control } from "./control.js";
import { SOURCES, asText, offset } from "./words.js";

const SURE = 0.75; // below this the agent is asked to look twice

export function formView({ edited, leftField, cite, submit }) {
  const form = document.getElementById("draft");
  const none = document.getElementById("draft-empty");
  const standing = document.getElementById("draft-state");
  const footnote = document.getElementById("evidence");
  const note = document.getElementById("submit-note");
  const button = document.getElementById("submit");
  let fields = [];
  let layout = null;
  let shown = null;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (shown) submit(shown);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    if (shown && !button.disabled) {
      event.preventDefault();
      submit(shown);
    }
  });

  function build(spec) {
    layout = spec;
    fields = spec.map((field) => fieldPart(field, { edited, leftField, cite, call: () => shown }));
    form.replaceChildren(...fields.map((part) => part.node));
  }

  return (state) => {
    if (state.form !== layout) build(state.form);
    const draft = state.drafts[state.selected] ?? null;
    shown = draft ? state.selected : null;
    show(form, Boolean(draft));
    show(none, !draft);
    const status = state.submits[shown];
    const number = draft?.submitted ?? null;
    for (const part of fields) {
      if (draft) part.update(draft.fields[part.key], state.edits[shown]?.[part.key], number, shown);
    }
    attribute(button, "disabled", !draft || Boolean(number) || status?.status === "sending");
    show(button, !number);
    attribute(note, "data-tone", number ? "good" : status?.status === "failed" ? "bad" : null);
    note.replaceChildren(
      ...(number ? ["工单已提交 ", h("strong", {}, number)] : [status?.note ?? ""]),
    );
    text(standing, draft ? standingWords(state, shown, number) : "");
    text(footnote, draft ? footnoteWords(state, draft) : "");
  };
}

function standingWords(state, call, number) {
  if (number) return "已登记";
  const edits = Object.values(state.edits[call] ?? {});
  if (edits.some((edit) => edit.status === "failed")) return "有内容未保存，将自动重试";
  return edits.length ? "正在保存…" : "修改自动保存";
}

// Where the value of the field in focus comes from, in words.
function footnoteWords(state, draft) {
  const evidence = draft.fields[state.citing?.field]?.evidence ?? [];
  const said = state.segments[draft.call_id] ?? {};
  const parts = evidence.slice(0, 3).map((one) => {
    const segment = said[one.segment_id];
    const source = segment ? `通话 ${offset(segment.start_ms)}` : SOURCES[one.source];
    return one.words ? `${source}“${one.words}”` : source;
  });
  return parts.length ? `依据：${parts.join("；")}` : "";
}

function fieldPart(field, { edited, leftField, cite, call }) {
  const id = `field-${field.key}`;
  const mark = h("span", { class: "mark", id: `${id}-mark` });
  const problem = h("p", { class: "error", id: `${id}-error` });
  const box = control(field, {
    id,
    "aria-describedby": `${id}-mark ${id}-error`,
    "aria-required": field.required ? "true" : null,
  });
  const node = h(
    "div",
    { class: `field ${box.wide ? "wide" : ""}`, "data-key": field.key },
    h(
      "div",
      { class: "label" },
      h(
        "label",
        { for: id },
        field.title,
        field.required ? h("span", { class: "must", "aria-hidden": "true" }, " *") : null,
      ),
      mark,
    ),
    box.node,
    problem,
  );
  const input = box.input;
  let composing = false;
  const tell = () => call() && !composing && edited(call(), field, input.value);
  input.addEventListener("compositionstart", () => {
    composing = true;
  });
  input.addEventListener("compositionend", () => {
    composing = false;
    tell();
  });
  input.addEventListener("input", tell);
  input.addEventListener("blur", () => {
    composing = false;
    if (call()) leftField(call(), field);
    cite(null);
  });
  input.addEventListener("focus", () => cite({ call: call(), field: field.key, focused: true }));
  node.addEventListener("mouseenter", () => {
    if (!document.activeElement?.closest(".field")) {
      cite({ call: call(), field: field.key, focused: false });
    }
  });
  node.addEventListener("mouseleave", () => {
    if (!document.activeElement?.closest(".field")) cite(null);
  });

  let lastCall = null;
  return {
    key: field.key,
    node,
    update(view, edit, number, callId) {
      const switched = callId !== lastCall;
      lastCall = callId;
      // What is being typed is the agent's: only another call, or a value without his edit, is
      // written into the control, and never in the middle of composing a character.
      const wanted = edit ? edit.text : asText(view?.value);
      if (switched || (!edit && !composing)) box.write(wanted);
      attribute(input, "disabled", Boolean(number));
      const confidence = view?.confidence ?? 0;
      const empty = view?.value === null || view?.value === undefined;
      const touched = Boolean(edit) || Boolean(view?.touched);
      attribute(node, "data-origin", touched ? "agent" : empty ? null : "draft");
      attribute(node, "data-sure", touched || empty ? null : confidence >= SURE ? "yes" : "no");
      text(mark, touched ? "已改" : empty ? "" : `${Math.round(confidence * 100)}%`);
      attribute(mark, "title", touched || empty ? null : `自动填写，把握 ${Math.round(confidence * 100)}%`);
      text(problem, edit?.status === "failed" ? edit.note : "");
      attribute(input, "aria-invalid", edit?.status === "failed" ? "true" : null);
    },
  };
}
