// SPDX-License-Identifier: MIT
//
// The app's decisions as they are made.
import { ask } from "./api.js";
import { poll } from "./polling.js";
import { subjectQuery } from "./subject_fields.js";

const SECONDS = 1;
const ENTRIES_MAX = 500;

// Calls `onEntry` for each decision that the filter takes, oldest first: those that are kept, then
// each new one within a second or so. The filter has `allowed`, `route_key`, `role` and `subjects`,
// and what is absent or empty filters nothing. `onState` gets what hinders it, or null. `onGap` is
// called when decisions were missed because they came too fast. Returns a function that ends it.
export function follow(filter, onEntry, { onState = () => {}, onGap = () => {} } = {}) {
  const end = new AbortController();
  const { signal } = end;
  const query = { limit: ENTRIES_MAX, allowed: filter.allowed, route_key: filter.route_key,
    ...subjectQuery(filter.subjects ?? {}) };
  let known = null;

  poll(SECONDS, signal, async () => {
    const entries = await ask("GET", "logs/latest", { query, signal });
    const fresh = known ? entries.filter((entry) => !known.has(entry.id)) : entries;

    if (known?.size > 0 && fresh.length === ENTRIES_MAX) onGap();
    if (fresh.length > 0 || known === null) known = new Set(entries.map((entry) => entry.id));
    for (const entry of fresh.reverse())
      if (!filter.role || entry.role === filter.role) onEntry(entry);
  }, onState);
  return () => end.abort();
}
