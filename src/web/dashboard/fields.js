// SPDX-License-Identifier: MIT
//
// Labelled controls. The name of a control is the pointer of its member, so that the faults which
// the service finds can be shown beside it.
import { element } from "./element.js";

let made = 0;

// `options` makes a choice: [value, text] pairs. Other attributes are the control's own.
export function field(label, { name, hint, options, value = "", width, ...attributes }) {
  const id = `field-${++made}`;
  const hintId = hint && `${id}-hint`;
  const shared = { id, name, "aria-describedby": hintId, ...attributes };
  const control = options
    ? element("select", shared, options.map(([option, text]) =>
      element("option", { value: option, selected: option === value }, text)))
    : element("input", { type: "text", autocomplete: "off", spellcheck: "false", value,
      ...shared });

  return element("div", { class: `field ${width ?? ""}` },
    element("label", { for: id }, label),
    control,
    hint && element("span", { class: "hint", id: hintId }, hint));
}

export function tick(label, { name, checked, ...attributes }) {
  const id = `field-${++made}`;

  return element("div", { class: "field tick" },
    element("input", { type: "checkbox", id, name, checked, ...attributes }),
    element("label", { for: id }, label));
}

// Shows each fault beside its control and focuses the first. Returns the faults without a control.
export function showFaults(form, faults) {
  const others = [];

  clearFaults(form);
  for (const fault of faults) {
    const control = controlOf(form, fault.pointer ?? fault.parameter);
    if (control) showFault(control, fault.detail);
    else others.push(fault);
  }
  form.querySelector("[aria-invalid]")?.focus();
  return others;
}

export function clearFaults(form) {
  for (const note of form.querySelectorAll(".fault")) note.remove();
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-errormessage");
  }
}

// A fault inside of a member is shown at the member.
function controlOf(form, pointer) {
  for (let place = pointer; place; place = place.slice(0, place.lastIndexOf("/"))) {
    const control = form.elements[place];
    if (control instanceof Element && control.closest("[hidden]") === null) return control;
  }
  return null;
}

function showFault(control, detail) {
  const id = `${control.id}-fault`;

  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-errormessage", id);
  control.after(element("span", { class: "fault", id }, detail));
}
