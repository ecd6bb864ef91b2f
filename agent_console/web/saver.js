// Sends what the agent typed to the desk: after a short pause, one request per field at a time,
// again when it failed for a reason that passes.

import { ApiError, setField } from "./api.js";
import { errorWords, fromText } from "./words.js";

const PAUSE = 600; // ms without a key
const AGAIN = 5000; // ms until a failed one is tried again

const passes = (error) => error.status === 0 || error.status >= 500;

export function saver(store, sessionOver) {
  const timers = new Map();
  const running = new Map();

  const name = (call, field) => `${call} ${field.key}`;
  const current = (call, field) => store.state().edits[call]?.[field.key];

  function later(call, field, wait) {
    clearTimeout(timers.get(name(call, field)));
    timers.set(
      name(call, field),
      setTimeout(() => save(call, field), wait),
    );
  }

  // Saves what is typed in one field now; resolves when nothing newer is left to save.
  function save(call, field) {
    const key = name(call, field);
    clearTimeout(timers.get(key));
    timers.delete(key);
    if (!running.has(key)) {
      running.set(
        key,
        send(call, field).finally(() => running.delete(key)),
      );
    }
    return running.get(key);
  }

  async function send(call, field) {
    for (let edit = current(call, field); edit; edit = current(call, field)) {
      const text = edit.text;
      store.dispatch({ type: "saving", call, field: field.key });
      try {
        const draft = await setField(call, field.key, fromText(field.kind, text));
        store.dispatch({ type: "saved", call, field: field.key, text, draft });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        store.dispatch({ type: "save-failed", call, field: field.key, note: errorWords(error) });
        if (error.status === 401) sessionOver();
        if (passes(error)) later(call, field, AGAIN);
        return;
      }
    }
  }

  return {
    edited(call, field, text) {
      store.dispatch({ type: "edit", call, field: field.key, text });
      later(call, field, PAUSE);
    },
    left(call, field) {
      if (current(call, field)) save(call, field);
    },
    // Save all that is typed for a call; true when the desk has everything.
    async flush(call) {
      const fields = store.state().form.filter((field) => current(call, field));
      await Promise.all(fields.map((field) => save(call, field)));
      return !fields.some((field) => current(call, field));
    },
    // After a reconnect or a new log-in: whatever is not saved yet.
    retry() {
      for (const [call, edits] of Object.entries(store.state().edits)) {
        for (const field of store.state().form) if (edits[field.key]) save(call, field);
      }
    },
  };
}
