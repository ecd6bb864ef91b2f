// Questions to the state. Pure, like state.js.

// Whether an `event` message continues what we have; otherwise something in between is missing.
export const continues = (state, message) =>
  message.type !== "event" || message.previous === state.cursor;

export const mine = (state, call) =>
  state.viewer?.role === "supervisor" || call.agent === state.viewer?.agent;

export const isDone = (state, call) =>
  call.state === "ended" && Boolean(state.drafts[call.call_id]?.submitted);

// Calls as the list shows them: live ones, then those whose ticket waits, then the finished.
export function listed(state) {
  const rank = (call) => (call.state !== "ended" ? 0 : isDone(state, call) ? 2 : 1);
  return Object.values(state.calls).sort(
    (a, b) => rank(a) - rank(b) || (a.arrived_at < b.arrived_at ? 1 : -1),
  );
}

// The call that the agent must not overlook: it rings, or he talks and looks at another one.
export function calling(state) {
  const own = Object.values(state.calls).filter((call) => call.agent === state.viewer?.agent);
  return (
    own.find((call) => call.state === "offered") ??
    own.find((call) => call.state === "connected" && call.call_id !== state.selected) ??
    null
  );
}

// What was said, in the order in which it was said.
export const conversation = (state, call) =>
  Object.values(state.segments[call] ?? {}).sort(
    (a, b) => a.start_ms - b.start_ms || (a.segment_id < b.segment_id ? -1 : 1),
  );

export const unsaved = (state) => Object.keys(state.edits).length > 0;
