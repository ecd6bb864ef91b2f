// What the page knows, and how a message or an act of the agent changes it. Pure: no page, no
// network, no clock; the state is never changed in place, so a view may compare by identity.

import { isDone, listed, mine } from "./queries.js";

const FINISHED_KEPT = 30; // submitted calls of the day that stay in the list

export const empty = () => ({
  viewer: null, // null = the log-in is shown
  owner: null, // whose state this is, also after the session ran out
  form: [],
  link: "starting", // starting | live | lost
  cursor: null,
  system: null,
  agents: {},
  calls: {},
  segments: {}, // by call, by segment; partial ones too, until their final text is there
  drafts: {},
  edits: {}, // by call, by field: {text, status: typing | saving | failed, note}
  submits: {}, // by call: {status: sending | failed, note}
  selected: null,
  citing: null, // {call, field, focused}: the field whose evidence is shown
});

export function reduce(state, action) {
  switch (action.type) {
    case "logged-in":
      return {
        ...(state.owner === action.viewer.agent ? state : empty()),
        viewer: action.viewer,
        owner: action.viewer.agent,
        form: action.form,
      };
    case "logged-out":
      return empty();
    case "session-over": // what was typed stays for the same agent's next log-in
      return { ...state, viewer: null, link: "starting" };
    case "link":
      return { ...state, link: action.link };
    case "message":
      return hear(state, action.message);
    case "select":
      return { ...state, selected: action.call, citing: null };
    case "cite":
      return { ...state, citing: action.citing };
    case "edit":
      return edit(state, action.call, action.field, {
        text: action.text,
        status: "typing",
        note: "",
      });
    case "saving":
      return edit(state, action.call, action.field, { status: "saving", note: "" });
    case "saved":
      return saved(state, action);
    case "save-failed":
      return edit(state, action.call, action.field, { status: "failed", note: action.note });
    case "submitting":
      return submit(state, action.call, { status: "sending", note: "" });
    case "submit-failed":
      return submit(state, action.call, { status: "failed", note: action.note });
    case "submitted":
      return submitted(state, action.ticket);
    default:
      throw new Error(`unknown action ${action.type}`);
  }
}

function hear(state, message) {
  switch (message.type) {
    case "snapshot":
      return fromSnapshot(state, message.snapshot);
    case "event":
      return apply({ ...state, cursor: message.cursor }, message.event);
    case "passing":
      return apply(state, message.event);
    case "welcome":
      return { ...state, drafts: ofAnEarlierLine(state.drafts) };
    default: // heartbeat, pong: the socket's affair
      return state;
  }
}

// A hotline that was begun anew may not know the last versions that it told: any is newer.
const ofAnEarlierLine = (drafts) =>
  Object.fromEntries(Object.entries(drafts).map(([id, draft]) => [id, { ...draft, version: 0 }]));

// A snapshot replaces what the hotline knows; what the agent is typing, or looks at, stays.
function fromSnapshot(state, snapshot) {
  const known = byId(snapshot.calls, "call_id");
  const kept = Object.keys(state.calls).filter(
    (id) => !(id in known) && (id === state.selected || id in state.edits),
  );
  const calls = { ...pick(state.calls, kept), ...known };
  const segments = pick(state.segments, kept);
  for (const segment of snapshot.segments) {
    segments[segment.call_id] = {
      ...segments[segment.call_id],
      [segment.segment_id]: segment,
    };
  }
  const next = {
    ...state,
    cursor: snapshot.cursor,
    system: snapshot.system,
    agents: byId(snapshot.agents, "agent"),
    calls,
    segments,
    drafts: { ...pick(state.drafts, kept), ...byId(snapshot.drafts, "call_id") },
  };
  return select(next);
}

function apply(state, event) {
  switch (event.kind) {
    case "call":
      return withCall(state, event.call);
    case "segment":
    case "partial":
      return withSegment(state, event.segment);
    case "draft":
      return withDraft(state, event.draft);
    case "agent":
      return { ...state, agents: { ...state.agents, [event.agent.agent]: event.agent } };
    case "system":
      return { ...state, system: event.system };
    default: // a ticket's later life is shown elsewhere
      return state;
  }
}

function withCall(state, call) {
  if (!mine(state, call)) {
    // Taken by someone else: it leaves this desk, unless something typed here is not saved.
    if (!(call.call_id in state.calls) || call.call_id in state.edits) return state;
    return select({
      ...state,
      calls: omit(state.calls, [call.call_id]),
      selected: state.selected === call.call_id ? null : state.selected,
    });
  }
  const before = state.calls[call.call_id];
  const next = select({ ...state, calls: { ...state.calls, [call.call_id]: call } }, before, call);
  return forgetOld(next);
}

// The agent looks at what is going on, unless he is still busy with another call.
function select(state, before, call) {
  const current = state.calls[state.selected];
  if (call && begins(before, call) && !busyWith(state, current)) {
    return { ...state, selected: call.call_id, citing: null };
  }
  if (current) return state;
  const first = listed(state)[0];
  return { ...state, selected: first ? first.call_id : null, citing: null };
}

const begins = (before, call) =>
  call.state !== before?.state && (call.state === "offered" || call.state === "connected");

// With the caret in a field the form must not change under the agent's fingers.
const busyWith = (state, call) =>
  Boolean(call) &&
  !state.drafts[call.call_id]?.submitted &&
  (call.state === "connected" || call.call_id in state.edits || Boolean(state.citing?.focused));

function withSegment(state, segment) {
  const heard = state.segments[segment.call_id] ?? {};
  if (heard[segment.segment_id]?.final && !segment.final) return state; // came too late
  return {
    ...state,
    segments: {
      ...state.segments,
      [segment.call_id]: { ...heard, [segment.segment_id]: segment },
    },
  };
}

function withDraft(state, draft) {
  const known = state.drafts[draft.call_id];
  if (known && known.version > draft.version) return state;
  const edits = draft.submitted ? omit(state.edits, [draft.call_id]) : state.edits;
  return { ...state, edits, drafts: { ...state.drafts, [draft.call_id]: draft } };
}

function edit(state, call, field, change) {
  const ofCall = state.edits[call] ?? {};
  const next = { ...ofCall, [field]: { ...ofCall[field], ...change } };
  return { ...state, edits: { ...state.edits, [call]: next } };
}

// The desk has the value. If the agent has typed on meanwhile, his newer text stays an edit.
function saved(state, { call, field, text, draft }) {
  const next = withDraft(state, draft);
  const current = state.edits[call]?.[field];
  if (!current || current.text !== text) return next;
  const rest = omit(state.edits[call], [field]);
  return {
    ...next,
    edits: Object.keys(rest).length ? { ...state.edits, [call]: rest } : omit(state.edits, [call]),
  };
}

const submit = (state, call, status) => ({
  ...state,
  submits: { ...state.submits, [call]: status },
});

function submitted(state, ticket) {
  const draft = state.drafts[ticket.call_id];
  const drafts = draft
    ? { ...state.drafts, [ticket.call_id]: { ...draft, submitted: ticket.number } }
    : state.drafts;
  return { ...state, drafts, submits: omit(state.submits, [ticket.call_id]) };
}

// The page is open all day: of the calls that are done with, only the latest stay.
function forgetOld(state) {
  const done = listed(state).filter(
    (call) => isDone(state, call) && call.call_id !== state.selected,
  );
  const old = done.slice(FINISHED_KEPT).map((call) => call.call_id);
  if (!old.length) return state;
  return {
    ...state,
    calls: omit(state.calls, old),
    segments: omit(state.segments, old),
    drafts: omit(state.drafts, old),
    submits: omit(state.submits, old),
  };
}

const byId = (items, key) => Object.fromEntries(items.map((item) => [item[key], item]));
const pick = (table, keys) =>
  Object.fromEntries(keys.filter((key) => key in table).map((key) => [key, table[key]]));
const omit = (table, keys) =>
  Object.fromEntries(Object.entries(table).filter(([key]) => !keys.includes(key)));
