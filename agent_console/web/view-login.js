// The log-in.

import { ApiError, logIn } from "./api.js";
import { attribute, show, text } from "./dom.js";
import { errorWords } from "./words.js";

export function loginView(entered) {
  const section = document.getElementById("login");
  const form = document.getElementById("login-form");
  const hint = document.getElementById("login-hint");
  const error = document.getElementById("login-error");
  const button = form.querySelector("button");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    attribute(button, "disabled", true);
    text(error, "");
    try {
      const { viewer } = await logIn(form.elements.agent.value.trim(), form.elements.password.value);
      form.elements.password.value = "";
      await entered(viewer);
    } catch (failure) {
      if (!(failure instanceof ApiError)) throw failure;
      const wait = failure.details?.retry_after_seconds;
      text(error, wait ? `尝试次数过多，请 ${wait} 秒后再试` : errorWords(failure));
      form.elements.password.select();
    } finally {
      attribute(button, "disabled", false);
    }
  });

  let visible = false;
  return (state, started) => {
    const wanted = started && !state.viewer;
    show(section, wanted);
    text(hint, state.owner ? "登录已过期，请重新登录；已填写的内容仍在" : "请使用工号登录");
    if (wanted && !visible) {
      if (state.owner) form.elements.agent.value = state.owner;
      (state.owner ? form.elements.password : form.elements.agent).focus();
    }
    visible = wanted;
  };
}
