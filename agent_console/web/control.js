// The control for one field of the form, by its kind. A value goes in and out as text.

import { h } from "./dom.js";

const LONG = 1000; // characters: from here on a field has several lines
const WIDE = 60; // and from here on it takes the whole row

export function control(field, props) {
  if (field.kind === "flag" || (field.kind === "choice" && field.values.length)) {
    return chooser(props, field.kind === "flag" ? ["是", "否"] : field.values);
  }
  const length = field.max_length;
  const lists = field.kind === "list" || field.kind === "choices";
  const input =
    !lists && length >= LONG
      ? h("textarea", { ...props, rows: 4, maxlength: length })
      : h("input", {
          ...props,
          type: field.kind === "phone" ? "tel" : "text",
          maxlength: lists ? null : length,
          placeholder: lists ? "多项用“、”隔开" : field.kind === "time" ? "如 2026-01-12 08:30" : null,
        });
  return {
    node: input,
    input,
    wide: lists ? false : length >= WIDE && field.kind === "text",
    write(text) {
      if (input.value !== text) input.value = text;
    },
  };
}

// A value that is not among the options is shown all the same: it is what the draft says.
function chooser(props, options) {
  const option = (value) => h("option", { value }, value || "—");
  const input = h("select", props, option(""), ...options.map(option));
  return {
    node: input,
    input,
    wide: false,
    write(text) {
      if (input.value === text) return;
      if (text && ![...input.options].some((known) => known.value === text)) {
        input.append(option(text));
      }
      input.value = text;
    },
  };
}
