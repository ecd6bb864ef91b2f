// The conversation of the selected call: both legs as they speak, evidence marked.

import { attribute, h, keyed, show, text } from "./dom.js";
import { conversation } from "./queries.js";
import { LEGS, callTranscript, engineReason, offset } from "./words.js";

const NEAR = 60; // px from the end that count as being there

export function talkView() {
  const list = document.getElementById("talk");
  const notice = document.getElementById("talk-notice");
  const latest = document.getElementById("talk-latest");
  let follow = true;
  let of = null;
  let cited = null;
  let evidence = new Map(); // segment id -> words

  const toEnd = () => {
    list.scrollTop = list.scrollHeight;
  };
  list.addEventListener("scroll", () => {
    follow = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
    show(latest, !follow);
  });
  latest.addEventListener("click", () => {
    follow = true;
    toEnd();
  });

  const draw = keyed(
    list,
    (segment) => segment.segment_id,
    (segment) => {
      const words = h("p", { class: "words" });
      const node = h(
        "li",
        { class: "turn", "data-leg": segment.leg },
        h(
          "p",
          { class: "by" },
          h("b", {}, LEGS[segment.leg] ?? segment.leg),
          h("time", {}, offset(segment.start_ms)),
        ),
        words,
      );
      return {
        node,
        update(now) {
          const quotes = evidence.get(now.segment_id);
          attribute(node, "data-partial", now.final ? null : "true");
          attribute(node, "data-cited", quotes ? "true" : null);
          marked(words, now.text, quotes ?? []);
        },
      };
    },
  );

  return (state) => {
    const call = state.calls[state.selected] ?? null;
    evidence = evidenceOf(state);
    if (state.selected !== of) {
      of = state.selected;
      follow = true;
    }
    draw(call ? conversation(state, call.call_id) : []);
    const why = call ? reason(state, call) : "";
    text(notice, why);
    show(notice, Boolean(why));
    if (state.citing !== cited) {
      cited = state.citing;
      if (cited?.focused) list.querySelector("[data-cited]")?.scrollIntoView({ block: "nearest" });
    } else if (follow) {
      toEnd();
    }
  };
}

// Says plainly when nothing is written down, and why.
function reason(state, call) {
  const engine = state.system && !state.system.engine && call.state !== "ended";
  if (engine) return `暂无转写：${engineReason(state.system.engine_reason)}。通话不受影响，请手工填写。`;
  const own = callTranscript(call.transcript);
  if (own === "") return "";
  if (call.transcript === "none") {
    return call.state === "connected" || call.state === "ended" ? `暂无转写：${own}` : "";
  }
  return `暂无转写：${own}`;
}

function evidenceOf(state) {
  const found = new Map();
  if (!state.citing || state.citing.call !== state.selected) return found;
  const field = state.drafts[state.citing.call]?.fields[state.citing.field];
  for (const { segment_id: id, words } of field?.evidence ?? []) {
    if (id) found.set(id, [...(found.get(id) ?? []), words].filter(Boolean));
  }
  return found;
}

// The text with the quoted words in <mark>; built from text nodes only.
function marked(node, content, quotes) {
  const look = JSON.stringify([content, quotes]);
  if (node.dataset.look === look) return;
  node.dataset.look = look;
  const parts = [];
  let at = 0;
  while (at < content.length) {
    const next = quotes
      .map((quote) => ({ quote, from: content.indexOf(quote, at) }))
      .filter(({ from }) => from >= 0)
      .sort((a, b) => a.from - b.from || b.quote.length - a.quote.length)[0];
    if (!next) break;
    if (next.from > at) parts.push(content.slice(at, next.from));
    parts.push(h("mark", {}, next.quote));
    at = next.from + next.quote.length;
  }
  parts.push(content.slice(at));
  node.replaceChildren(...parts);
}
