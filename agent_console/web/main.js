// Ties the parts together: state in, views out, the agent's acts to the server.

import * as api from "./api.js";
import { h } from "./dom.js";
import { continues, unsaved } from "./queries.js";
import { saver } from "./saver.js";
import { openLine } from "./socket.js";
import { empty, reduce } from "./state.js";
import { agentView } from "./view-agent.js";
import { callsView } from "./view-calls.js";
import { emergencyView } from "./view-emergency.js";
import { formView } from "./view-form.js";
import { headView } from "./view-head.js";
import { loginView } from "./view-login.js";
import { popView } from "./view-pop.js";
import { statusView } from "./view-status.js";
import { talkView } from "./view-talk.js";
import { ticketView } from "./view-ticket.js";
import { errorWords } from "./words.js";

const TOAST = 6000; // ms

let state = empty();
let started = false;
let line = null;
let drawing = false;

const store = { state: () => state, dispatch };

function dispatch(action) {
  state = reduce(state, action);
  if (drawing) return; // several changes of one moment are drawn once
  drawing = true;
  queueMicrotask(draw);
}

const saves = saver(store, sessionOver);
const select = (call) => dispatch({ type: "select", call });
const showTicket = ticketView();
const login = loginView(enter);
const views = [
  statusView(),
  agentView(act, leave),
  emergencyView(select),
  callsView(select),
  popView(openTicket, select),
  headView(openTicket),
  formView({
    edited: saves.edited,
    leftField: saves.left,
    cite: (citing) => dispatch({ type: "cite", citing }),
    submit,
  }),
  talkView(),
];

function draw() {
  drawing = false;
  login(state, started);
  document.getElementById("console").hidden = !state.viewer;
  if (state.viewer) for (const view of views) view(state);
}

async function enter(viewer) {
  const form = await api.form();
  dispatch({ type: "logged-in", viewer, form });
  line?.stop();
  line = openLine({
    cursor: () => state.cursor,
    message: hear,
    link: (link) => {
      dispatch({ type: "link", link });
      if (link === "live") saves.retry();
    },
    sessionOver,
    check,
  });
}

function hear(message) {
  if (!continues(state, message)) {
    line.restart();
    return;
  }
  dispatch({ type: "message", message });
}

async function check() {
  try {
    await api.me();
    return true;
  } catch (error) {
    return error.status === 401 ? false : null;
  }
}

function sessionOver() {
  line?.stop();
  line = null;
  dispatch({ type: "session-over" });
}

async function leave() {
  if (unsaved(state) && !window.confirm("有内容尚未保存，确定退出？")) return;
  await attempt(api.logOut);
  line?.stop();
  line = null;
  dispatch({ type: "logged-out" });
}

function act(what, body) {
  return attempt(() => api.agentAct(what, body));
}

async function openTicket(number) {
  const ticket = await attempt(() => api.ticket(number));
  if (ticket) showTicket(ticket, state.form);
}

async function submit(call) {
  if (state.submits[call]?.status === "sending") return;
  dispatch({ type: "submitting", call });
  try {
    if (!(await saves.flush(call))) {
      dispatch({ type: "submit-failed", call, note: "有内容未能保存，工单没有提交" });
      return;
    }
    dispatch({ type: "submitted", ticket: await api.submit(call) });
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    dispatch({ type: "submit-failed", call, note: `没有提交：${errorWords(error)}` });
    if (error.status === 401) sessionOver();
  }
}

// Do what the agent asked for; a failure is told and changes nothing.
async function attempt(wish) {
  try {
    return await wish();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    toast(errorWords(error));
    if (error.status === 401) sessionOver();
    return null;
  }
}

function toast(words) {
  const node = h("p", {}, words);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), TOAST);
}

window.addEventListener("beforeunload", (event) => {
  if (unsaved(state)) event.preventDefault();
});

try {
  await enter(await api.me());
} catch (error) {
  if (!(error instanceof api.ApiError)) throw error;
} finally {
  started = true;
  draw();
}
