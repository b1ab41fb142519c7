// SPDX-License-Identifier: MIT
//
// Makes or changes a policy: a form for what is common, and the JSON for all of it. What it means
// is read out below, and a button tells what it would have done.
import { ask } from "./api.js";
import { refuseIfReplaced } from "./changed.js";
import { element } from "./element.js";
import { clearFaults, field, showFaults, tick, valueOf } from "./fields.js";
import { goTo } from "./navigation.js";
import { attempt, problemBox, say } from "./notices.js";
import { policyText } from "./policies.js";
import { BUCKETS, draftOf, fieldsOf, firstDraft, fitsForm, PERIODS,
  UNITS } from "./policy_draft.js";
import { identityWords } from "./policy_words.js";
import { simulationCard } from "./simulation.js";
import { subjectsOfQuery } from "./subject_fields.js";

const ALGORITHMS = [["fixed_window", "Fixed window"], ["sliding_window", "Sliding window"],
  ["sliding_window_log", "Sliding window, exact"], ["token_bucket", "Token bucket"],
  ["leaky_bucket", "Leaky bucket"]];
const MODES = [["enforce", "enforce"], ["shadow", "shadow: deny nobody"]];
const STORE_ERRORS = [["local", "count locally"], ["allow", "allow"], ["deny", "deny"]];

export function openPolicy(main, query, signal) {
  const place = element("div");
  const subjects = subjectsOfQuery(query);
  const id = query.get("id") ?? undefined;
  const copy = query.get("copy") ?? undefined;

  main.append(place);
  attempt(place, signal, async () => {
    const policies = id || copy ? await ask("GET", "policy", { signal }) : [];
    const draft = firstDraft(policies, { id, copy, subjects });
    if (!draft) throw new Error("This policy is not there any more.");
    place.replaceChildren(...editor(draft, id !== undefined, signal));
  });
}

// `isSaved`: its identity is fixed, because another one would be another policy.
function editor(first, isSaved, signal) {
  let base = first;
  let isJson = false;
  let simulating = new AbortController();
  const faults = element("div");
  const words = element("div", { class: "words", "aria-live": "polite" });
  const tried = element("div", { "aria-live": "polite" });
  const json = element("textarea", { "aria-label": "Policy as JSON", rows: 22, name: "json",
    spellcheck: "false" });
  const fields = element("div", {});
  const sides = [["Form", false], ["JSON", true]].map(([title, side]) =>
    element("button", { type: "button", "aria-pressed": String(side === isJson),
      onclick: () => turnTo(side) }, title));
  const form = element("form", { class: "card", novalidate: true, onsubmit: submit },
    element("div", { class: "row sides", role: "group", "aria-label": "How to edit" }, sides),
    fields, element("div", { class: "field whole" }, json), faults,
    element("h2", {}, "In words"), words,
    element("div", { class: "actions" },
      element("button", { type: "submit", class: "first" }, "Save"),
      element("button", { type: "button", onclick: simulate }, "Simulate"),
      element("a", { class: "button", href: "#/policies" }, "Cancel")));

  const draft = () => (isJson ? JSON.parse(json.value) : draftOf(base, valuesOf(form, base)));

  function turnTo(side) {
    try {
      base = draft();
    } catch (error) {
      tellBadJson(error);
      return;
    }
    isJson = side;
    show();
  }

  function show() {
    sides.forEach((button, i) =>
      button.setAttribute("aria-pressed", String(Boolean(i) === isJson)));
    faults.replaceChildren();
    clearFaults(form);
    fields.replaceChildren(...(isJson ? [] : formParts(base, isSaved)));
    fields.hidden = isJson;
    json.parentElement.hidden = !isJson;
    if (isJson) json.value = JSON.stringify(base, null, 2);
    else showFitting(form);
    readOut();
  }

  // What is not yet a policy has no words yet.
  function readOut() {
    try {
      const policy = draft();
      words.replaceChildren(element("p", {}, element("b", {}, identityWords(policy))),
        ...policyText(policy).flat(Infinity).filter(Boolean));
    } catch {
      words.replaceChildren("–");
    }
  }

  function simulate() {
    forget();
    const ended = AbortSignal.any([signal, simulating.signal]);

    return send(async (policy) => {
      const simulation = await ask("POST", "policy/simulate", { body: { policy }, signal: ended });
      const card = simulationCard(ended);
      clearFaults(form);
      faults.replaceChildren();
      tried.replaceChildren(card.root);
      card.show(simulation);
    }, ended);
  }

  // A simulation is about the draft as it was.
  function forget() {
    simulating.abort();
    simulating = new AbortController();
    tried.replaceChildren();
  }

  // Tells what is wrong with the draft.
  async function send(work, ended) {
    let policy;
    try {
      policy = draft();
    } catch (error) {
      tellBadJson(error);
      return;
    }
    try {
      await work(policy);
    } catch (problem) {
      if (!ended.aborted) tellRefusal(problem, form, faults);
    }
  }

  function submit(event) {
    event.preventDefault();
    forget();
    return send(save, signal);
  }

  function tellBadJson(error) {
    faults.replaceChildren(problemBox({ title: "This is not JSON", message: error.message }));
  }

  form.addEventListener("input", () => {
    if (!isJson) showFitting(form);
    forget();
    readOut();
  });
  show();
  return [form, tried];
}

async function save(body) {
  await refuseIfReplaced(body);
  const { policy, counters } = await ask("POST", "policy", { body });
  const afresh = counters === "afresh" ? " What was used before counts no more." : "";

  say(`${identityWords(policy)}: saved.${afresh}`);
  goTo("policies");
}

// A simulation has the policy as a member, so there the place of a fault begins with its name.
function tellRefusal(problem, form, place) {
  const known = (problem.faults ?? []).map((fault) =>
    ({ ...fault, pointer: fault.pointer?.replace(/^\/policy(?=\/)/, "") }));
  const others = showFaults(form, known);

  if (known.length > 0 && others.length === 0) {
    place.replaceChildren(problemBox({ title: problem.title,
      message: "See the fields that are marked." }));
    return;
  }
  problem.faults = others;
  place.replaceChildren(problemBox(problem));
}

function formParts(draft, isSaved) {
  const values = fieldsOf(draft);
  const fixed = { readonly: isSaved };

  return [
    element("div", { class: "row" },
      field("Route", { name: "/route_key", value: values.route_key, ...fixed,
        hint: "a route, a prefix and *, or only *" }),
      field("Role", { name: "/role", value: values.role, width: "short", ...fixed }),
      field("Only for the subject", { name: "/subject", value: values.subject_name,
        width: "short", hint: "user, org, …; empty: everybody", ...fixed }),
      field("with the value", { name: "/user_id", value: values.subject_value,
        ...fixed })),
    fitsForm(draft) ? limitParts(values)
      : element("p", { class: "note" },
        "Its limits have more than this form can show. Change them in the JSON."),
    element("div", { class: "row" },
      field("Mode", { name: "/mode", options: MODES, value: values.mode, width: "short" }),
      field("Without the store", { name: "/on_store_error", options: STORE_ERRORS,
        value: values.on_store_error, width: "short" }),
      field("Description", { name: "/description", value: values.description, lines: true }),
      tick("Active", { name: "/is_active", checked: values.is_active })),
  ].flat();
}

function limitParts(values) {
  const units = [...UNITS, ...PERIODS.map((period) => [period, `calendar ${period}`])];

  return [
    element("div", { class: "row" },
      field("Algorithm", { name: "/algorithm", options: ALGORITHMS, value: values.algorithm }),
      field("Limit", { name: "/limit", value: values.limit, inputmode: "numeric", width: "short" }),
      field("per", { name: "/window_seconds", value: values.count, inputmode: "numeric",
        width: "short" }),
      field("Unit", { name: "/period", options: units, value: values.unit, width: "short" }),
      field("Burst", { name: "/burst", value: values.burst, inputmode: "numeric", width: "short",
        placeholder: "as the limit" })),
    element("div", { class: "row" },
      field("Time zone", { name: "/zone", value: values.zone, placeholder: "UTC" }),
      field("Begins", { name: "/anchor", value: values.anchor, placeholder: "2026-01-17" })),
    element("div", { class: "row" },
      field("Counts by", { name: "/by", value: values.by,
        hint: "subjects such as org, user; * is all callers together; empty: user or address" }),
      field("Counts", { name: "/counts", value: values.counts, placeholder: "requests",
        width: "short" }),
      field("Low priority leaves", { name: "/headroom", value: values.headroom,
        placeholder: "nothing", width: "short", hint: "units, or 20%" })),
  ];
}

function valuesOf(form, base) {
  const { elements } = form;
  const value = (name) => (elements[`/${name}`] ? valueOf(elements[`/${name}`]) : "");

  return {
    ...fieldsOf(base),
    route_key: value("route_key"),
    role: value("role"),
    subject_name: value("subject"),
    subject_value: value("user_id"),
    ...(fitsForm(base) && {
      algorithm: value("algorithm"),
      limit: value("limit"),
      count: value("window_seconds"),
      unit: value("period"),
      zone: value("zone"),
      anchor: value("anchor"),
      burst: value("burst"),
      by: value("by"),
      counts: value("counts"),
      headroom: value("headroom"),
    }),
    mode: value("mode"),
    is_active: elements["/is_active"].checked,
    on_store_error: value("on_store_error"),
    description: value("description"),
  };
}

// Hides what the algorithm does not have.
function showFitting(form) {
  const { elements } = form;

  if (!elements["/algorithm"]) return;
  const isFixed = elements["/algorithm"].value === "fixed_window";
  for (const option of elements["/period"].options)
    option.disabled = PERIODS.includes(option.value) && !isFixed;
  if (elements["/period"].selectedOptions[0].disabled) elements["/period"].value = "60";
  const isPeriod = PERIODS.includes(elements["/period"].value);
  const shown = { "/burst": BUCKETS.includes(elements["/algorithm"].value),
    "/window_seconds": !isPeriod, "/zone": isPeriod, "/anchor": isPeriod };
  for (const [name, isShown] of Object.entries(shown))
    elements[name].closest(".field").hidden = !isShown;
}
