// SPDX-License-Identifier: MIT
//
// Labelled controls. The name of a control is the pointer of its member, so that the faults which
// the service finds can be shown beside it.
import { element } from "./element.js";

const LINES = 3;
const given = new WeakMap(); // what controls were given, and what they made of it
let made = 0;

// `options` makes a choice: [value, text] pairs. Other attributes are the control's own. A text of
// several lines, or one that may have them (`lines`), gets a place for them. None has a maxlength,
// because what is pasted would be cut silently, and mean another.
export function field(label, { name, hint, options, value = "", width, lines, ...attributes }) {
  const id = `field-${++made}`;
  const hintId = hint && `${id}-hint`;
  const shared = { id, name, "aria-describedby": hintId, ...attributes };
  const control = options
    ? element("select", shared, options.map(([option, text]) =>
      element("option", { value: option, selected: option === value }, text)))
    : textControl(value, shared, lines || /[\r\n]/.test(value));

  given.set(control, { value, shown: control.value });
  return element("div", { class: `field ${width ?? ""}` },
    element("label", { for: id }, label),
    control,
    hint && element("span", { class: "hint", id: hintId }, hint));
}

// What a control of field() has. What nobody has changed is as it was given. No control can hold
// every text, because browsers make other line breaks of some.
export function valueOf(control) {
  const { value, shown } = given.get(control);

  return control.value === shown ? value : control.value;
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

function textControl(value, shared, hasLines) {
  const attributes = { autocomplete: "off", spellcheck: "false", ...shared };

  return hasLines ? element("textarea", { rows: LINES, ...attributes }, value)
    : element("input", { type: "text", value, ...attributes });
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
