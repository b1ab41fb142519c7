// SPDX-License-Identifier: MIT
//
// A policy between the service and the fields of a form. Fields are texts, as a form has them.
// Members that have no field stay as they are. Nothing here touches the page.
import { numberOf } from "./words.js";

export const UNITS = [["1", "seconds"], ["60", "minutes"], ["3600", "hours"], ["86400", "days"]];
export const PERIODS = ["hour", "day", "week", "month", "year"];
export const BUCKETS = ["token_bucket", "leaky_bucket"];

// The members that the form has fields for. Those of the limit only if it fits.
const FIELDS = ["route_key", "role", "user_id", "subject", "mode", "is_active", "on_store_error",
  "description"];
const LIMIT_FIELDS = ["algorithm", "limit", "window_seconds", "period", "zone", "anchor", "burst",
  "by", "counts", "headroom"];

export const NEW_DRAFT = { route_key: "", role: "default", algorithm: "fixed_window", limit: 100,
  window_seconds: 60, mode: "enforce", is_active: true, on_store_error: "local" };

// The draft that a view begins with: the policy `id`, or a copy of the policy `copy` for another
// subject, or a new one. null if there is no such policy.
export function firstDraft(policies, { id, copy, subjects }) {
  const wanted = id ?? copy;
  const found = policies.find((policy) => policy.id === wanted);

  if (wanted && !found) return null;
  if (id) return found;
  const { id: _, version, user_id: user, subject, ...rest } = found ?? NEW_DRAFT;
  return { ...rest, ...(subject && { subject }), ...identityOfSubject(subjects) };
}

// A policy is for one subject. The user says more than the others.
function identityOfSubject(subjects) {
  const [first] = Object.entries(subjects);

  if (subjects.user !== undefined) return { user_id: subjects.user, subject: undefined };
  return first ? { subject: Object.fromEntries([first]) } : {};
}

// Whether the form can show all limits of the draft.
export function fitsForm({ limits, rate }) {
  return limits === undefined && rate === undefined;
}

export function fieldsOf(draft) {
  const [subject] = Object.entries(draft.subject ?? {});
  const [name, value] = draft.user_id ? ["user", draft.user_id] : subject ?? ["", ""];
  const seconds = draft.window_seconds ?? 60;
  const [unit] = UNITS.findLast(([length]) => seconds % Number(length) === 0) ?? ["1"];

  return {
    route_key: draft.route_key ?? "",
    role: draft.role ?? "default",
    subject_name: name,
    subject_value: value,
    algorithm: draft.algorithm ?? "fixed_window",
    limit: textOf(draft.limit),
    unit: draft.period ?? unit,
    count: textOf(unit === "1" ? seconds : seconds / Number(unit)),
    zone: draft.zone ?? "",
    anchor: draft.anchor ?? "",
    burst: textOf(draft.burst),
    by: byText(draft.by),
    counts: draft.counts ?? "",
    headroom: textOf(draft.headroom),
    mode: draft.mode ?? "enforce",
    is_active: draft.is_active ?? true,
    on_store_error: draft.on_store_error ?? "local",
    description: draft.description ?? "",
  };
}

// The draft with what the fields say. What they do not show is left as in `base`.
export function draftOf(base, fields) {
  const isFitting = fitsForm(base);
  const kept = Object.entries(base).filter(([name]) =>
    !FIELDS.includes(name) && !(isFitting && LIMIT_FIELDS.includes(name)));

  return {
    ...present({
      route_key: fields.route_key,
      role: fields.role,
      ...subjectOf(fields),
      ...(isFitting && limitOf(fields)),
      mode: fields.mode,
      is_active: fields.is_active,
      on_store_error: fields.on_store_error,
      description: fields.description,
    }),
    ...Object.fromEntries(kept),
  };
}

function limitOf(fields) {
  const { algorithm, unit } = fields;
  const isPeriod = PERIODS.includes(unit) && algorithm === "fixed_window";

  return {
    algorithm,
    limit: numberOf(fields.limit),
    ...(isPeriod ? { period: unit, zone: fields.zone, anchor: fields.anchor }
      : { window_seconds: secondsOf(fields.count, PERIODS.includes(unit) ? "1" : unit) }),
    burst: BUCKETS.includes(algorithm) ? numberOf(fields.burst) : undefined,
    by: byOf(fields.by),
    counts: fields.counts,
    headroom: numberOf(fields.headroom),
  };
}

function subjectOf({ subject_name: name, subject_value: value }) {
  if (name === "" || value === "") return {};
  return name === "user" ? { user_id: value } : { subject: { [name]: value } };
}

// "*" is all callers together, and nothing is the default.
function byOf(text) {
  const names = text.split(",").map((name) => name.trim()).filter(Boolean);

  if (names.length === 0) return undefined;
  if (text.trim() === "*") return [];
  return names.length === 1 ? names[0] : names;
}

function byText(by) {
  if (by === undefined || by === null) return "";
  return [by].flat().join(", ") || "*";
}

function secondsOf(text, unit) {
  const count = numberOf(text);
  return typeof count === "number" ? count * Number(unit) : count;
}

function textOf(value) {
  return value === undefined || value === null ? "" : String(value);
}

function present(members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) =>
    value !== undefined && value !== ""));
}
