// SPDX-License-Identifier: MIT
//
// Requests to the service that serves this page. Addresses are relative, because a proxy may give
// the service a prefix.
import { endSession, sessionKey } from "./session.js";

const ANSWER_MS_MAX = 15000;
const RETRY_S_MAX = 300; // who looks at a page does not wait longer, and no timer takes a month

// An answer that is a problem document, or none at all. `retryAfter` is how many seconds to wait
// before the next request; 0: the service has not said.
export class Problem extends Error {
  constructor({ title, detail, status, errors = [], explain }, retryAfter = 0) {
    super(detail);
    this.title = title;
    this.status = status;
    this.faults = Array.isArray(errors) ? errors : [];
    this.explain = explain;
    this.retryAfter = retryAfter;
  }
}

// Resolves to the JSON of an answer whose status is a success, or throws a Problem. A gateway may
// say something of its own at any other status, so there it must be what isAnswer(status, content)
// knows. Arguments of the query that are empty are left out. A key that is null is not sent. The
// session ends when its key is refused.
export async function ask(method, path, { query = {}, body, signal, key = sessionKey(),
  isAnswer = () => false } = {}) {
  const limit = AbortSignal.timeout(ANSWER_MS_MAX);
  const answer = await request(method, addressOf(path, query), { body, signal, limit, key });
  const content = await readJson(answer);

  if (content && !isProblem(answer) && (answer.ok || isAnswer(answer.status, content)))
    return content;
  throw problemOf(answer, content, key);
}

// Resolves to the answer as soon as it begins, for a body that has no end; or throws a Problem. The
// signal must bound the wait, too. `after` is the id of the last event that was read, if there is
// one.
export async function openStream(path, { query = {}, after, signal }) {
  const key = sessionKey();
  const answer = await request("GET", addressOf(path, query), { signal, key, after });

  if (answer.ok && hasType(answer, "text/event-stream")) return answer;
  throw problemOf(answer, await readJson(answer), key);
}

function problemOf(answer, content, key) {
  const problem = new Problem({
    title: "Not understood",
    detail: `The answer ${answer.status} is not one of this service.`,
    ...(isProblem(answer) && content),
    status: answer.status,
  }, retrySeconds(answer.headers.get("Retry-After")));
  if (answer.status === 401 && key !== null && key === sessionKey()) endSession(problem);
  return problem;
}

function isProblem(answer) {
  return hasType(answer, "application/problem+json");
}

function hasType(answer, type) {
  return (answer.headers.get("Content-Type") ?? "").startsWith(type);
}

function addressOf(path, query) {
  const address = new URL(path, document.baseURI);

  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== "")
      address.searchParams.append(name, value);
  return address;
}

async function request(method, address, { body, signal, limit, key, after }) {
  const headers = new Headers();

  if (key !== null) headers.set("X-API-Key", key);
  if (after) headers.set("Last-Event-ID", after);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  try {
    return await fetch(address, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.any([signal, limit].filter(Boolean)),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({ title: "No answer", detail: "The service cannot be reached.", status: 0 });
  }
}

// A proxy may say it in another form, as a date or twice. That is as if nothing were said.
function retrySeconds(said) {
  return /^\d+$/.test(said ?? "") ? Math.min(Number(said), RETRY_S_MAX) : 0;
}

async function readJson(answer) {
  try {
    return await answer.json();
  } catch {
    return null;
  }
}
