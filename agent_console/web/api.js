// HTTP: every failure is an ApiError with the server's error id.

export class ApiError extends Error {
  constructor(status, errorId, details = {}) {
    super(errorId);
    this.status = status;
    this.errorId = errorId;
    this.details = details;
  }
}

async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(15000),
    });
  } catch {
    throw new ApiError(0, "unreachable");
  }
  if (answer.status === 204) return null;
  let content;
  try {
    content = await answer.json();
  } catch {
    throw new ApiError(answer.status, "unreadable");
  }
  if (!answer.ok) throw new ApiError(answer.status, content.error_id, content.details);
  return content;
}

const part = encodeURIComponent;

export const logIn = (agent, password) => call("POST", "/api/sessions", { agent, password });
export const logOut = () => call("DELETE", "/api/sessions");
export const me = () => call("GET", "/api/sessions/me");
export const form = () => call("GET", "/api/form");
export const ticket = (number) => call("GET", `/api/tickets/${part(number)}`);
export const setField = (id, field, value) =>
  call("PUT", `/api/calls/${part(id)}/draft/${part(field)}`, { value });
export const submit = (id) => call("POST", `/api/calls/${part(id)}/ticket`);
export const agentAct = (act, body) => call("POST", `/api/agents/me/${act}`, body);
export const recording = (id, leg) => `/api/calls/${part(id)}/recordings/${part(leg)}`;
