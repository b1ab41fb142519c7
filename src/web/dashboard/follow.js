// SPDX-License-Identifier: MIT
//
// The app's decisions as they are made.
import { ask, openStream } from "./api.js";
import { readEvents } from "./events.js";
import { poll } from "./polling.js";
import { subjectQuery } from "./subject_fields.js";

const SECONDS = 1;
// For how long nothing may come of a stream: it sends something as it begins, and if it is quiet,
// each 15 s. A proxy may hold back all of it, or what follows.
const SILENCE = { first: 5, silence: 40 };
const ENTRIES = 100; // what is asked for each time, if there is no stream
const ENTRIES_MAX = 500; // at first, and when more than that were new
const KEPT = 1000; // how many the service keeps
const NO_STREAM_MS = 30000; // after there was none: too many are open, or it was silent

let noStreamUntil = 0; // of all that is followed in this page; 0: there was always one

// Calls `onEntry` for each decision that the filter takes, oldest first: those that are kept, then
// each new one within a second or so. The filter has `allowed`, `route_key`, `role` and `subjects`,
// and what is absent or empty filters nothing. `onState` gets what hinders it, or null, also after
// each decision. `onGap` is called when decisions were missed because they came too fast. Returns a
// function that ends it.
export function follow(filter, onEntry, { onState = () => {}, onGap = () => {} } = {}) {
  const end = new AbortController();
  const { signal } = end;
  const query = { allowed: filter.allowed, route_key: filter.route_key, role: filter.role,
    ...subjectQuery(filter.subjects ?? {}) };
  const known = new Set();
  let after; // the last event; undefined: a stream does not go on, the latest are read once more

  function show(entry) {
    if (known.has(entry.id)) return;
    known.add(entry.id);
    forgetOldest(known);
    onEntry(entry);
  }

  async function readFresh(limit) {
    const entries = await ask("GET", "logs/latest", { query: { ...query, limit }, signal });
    return entries.filter(({ id }) => !known.has(id));
  }

  async function readLatest() {
    const isFirst = known.size === 0;
    let fresh = await readFresh(isFirst ? ENTRIES_MAX : ENTRIES);

    if (!isFirst && fresh.length === ENTRIES) fresh = await readFresh(ENTRIES_MAX);
    if (!isFirst && fresh.length === ENTRIES_MAX) onGap();
    fresh.reverse().forEach(show);
  }

  // Null when it is refused because there are too many, or when what comes is no stream.
  async function beginStream(silent) {
    const timer = setTimeout(() => silent.abort(), SILENCE.first * 1000);

    try {
      return await openStream("logs/stream",
        { query, after, signal: AbortSignal.any([signal, silent.signal]) });
    } catch (error) {
      if (![200, 429, 503].includes(error.status)) throw error;
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  // The stream has begun, so nothing is missed in between.
  async function readStream(answer, silent) {
    if (after === undefined) await readLatest();
    onState(null);
    await readEvents(answer, SILENCE, () => silent.abort(), ({ id, name, data }) => {
      if (name === "gap") {
        onGap();
      } else {
        after = id;
        show(data);
      }
      onState(null);
    });
  }

  // Resolves to whether there was one.
  async function followStream() {
    const silent = new AbortController();

    try {
      const answer = await beginStream(silent);
      if (answer) await readStream(answer, silent);
      return answer !== null;
    } catch (error) {
      if (!silent.signal.aborted) throw error;
      return false;
    } finally {
      silent.abort();
    }
  }

  poll(SECONDS, signal, async () => {
    // Where there was no stream, nobody waits for the next one to see what was decided.
    if (noStreamUntil > 0 && after === undefined) {
      await readLatest();
      onState(null);
    }
    if (Date.now() < noStreamUntil || await followStream()) return;
    noStreamUntil = Date.now() + NO_STREAM_MS;
    after = undefined;
    await readLatest();
  }, onState);
  return () => end.abort();
}

// A set has the order in which things were added.
function forgetOldest(known) {
  for (const id of known) {
    if (known.size <= KEPT) return;
    known.delete(id);
  }
}
