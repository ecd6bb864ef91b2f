// The status line: telephone, recogniser, our own line; and the banner when that one is lost.

import { attribute, h, keyed, show, text } from "./dom.js";
import { engineReason, keepingFault, recordingFault } from "./words.js";

function lights(state) {
  const system = state.system;
  const waiting = { tone: "off", words: "…" };
  return [
    {
      key: "ami",
      title: "电话系统",
      ...(!system
        ? waiting
        : system.ami === "up"
          ? { tone: "good", words: "正常" }
          : { tone: "bad", words: "断开，正在重连" }),
    },
    {
      key: "engine",
      title: "转写",
      ...(!system
        ? waiting
        : system.engine
          ? { tone: "good", words: system.engine }
          : { tone: "warn", words: `暂无转写：${engineReason(system.engine_reason)}` }),
    },
    ...(system?.recording
      ? [{ key: "recording", title: "录音", tone: "bad", words: recordingFault(system.recording) }]
      : []),
    ...(system?.keeping
      ? [{ key: "keeping", title: "存储", tone: "bad", words: keepingFault(system.keeping) }]
      : []),
    {
      key: "link",
      title: "连接",
      ...{
        starting: { tone: "off", words: "连接中" },
        live: { tone: "good", words: "已连接" },
        lost: { tone: "bad", words: "重连中" },
      }[state.link],
    },
  ];
}

export function statusView() {
  const banner = document.getElementById("link-banner");
  const draw = keyed(
    document.getElementById("status"),
    (light) => light.key,
    (light) => {
      const dot = h("span", { class: "dot", "aria-hidden": "true" });
      const words = h("span", { class: "words" });
      const node = h("li", { "data-light": light.key }, dot, h("b", {}, light.title), words);
      return {
        node,
        update(now) {
          attribute(node, "data-tone", now.tone);
          attribute(node, "title", `${now.title}：${now.words}`);
          text(words, now.words);
        },
      };
    },
  );
  return (state) => {
    draw(lights(state));
    show(banner, state.link === "lost");
  };
}
