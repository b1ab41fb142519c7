// SPDX-License-Identifier: MIT
//
// The app's decisions as they are made.
import { ask } from "./api.js";
import { poll } from "./polling.js";
import { subjectQuery } from "./subject_fields.js";

const SECONDS = 1;
const ENTRIES = 100; // what is asked for each time
const ENTRIES_MAX = 500; // at first, and when more than that were new
const KEPT = 1000; // how many the service keeps

// Calls `onEntry` for each decision that the filter takes, oldest first: those that are kept, then
// each new one within a second or so. The filter has `allowed`, `route_key`, `role` and `subjects`,
// and what is absent or empty filters nothing. `onState` gets what hinders it, or null. `onGap` is
// called when decisions were missed because they came too fast. Returns a function that ends it.
export function follow(filter, onEntry, { onState = () => {}, onGap = () => {} } = {}) {
  const end = new AbortController();
  const { signal } = end;
  const query = { allowed: filter.allowed, route_key: filter.route_key,
    ...subjectQuery(filter.subjects ?? {}) };
  const known = new Set();

  async function readFresh(limit) {
    const entries = await ask("GET", "logs/latest", { query: { ...query, limit }, signal });
    return entries.filter(({ id }) => !known.has(id));
  }

  poll(SECONDS, signal, async () => {
    const isFirst = known.size === 0;
    let fresh = await readFresh(isFirst ? ENTRIES_MAX : ENTRIES);

    if (!isFirst && fresh.length === ENTRIES) fresh = await readFresh(ENTRIES_MAX);
    if (!isFirst && fresh.length === ENTRIES_MAX) onGap();
    for (const entry of fresh.reverse()) {
      known.add(entry.id);
      if (!filter.role || entry.role === filter.role) onEntry(entry);
    }
    forgetOldest(known);
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
