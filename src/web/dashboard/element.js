// SPDX-License-Identifier: MIT
//
// The only way in which the dashboard makes elements. Texts become text nodes and are never read as
// HTML, because names of routes, roles and users come from strangers.

// Attributes whose names begin with "on" are listeners, which may be asynchronous. null, undefined
// and false leave an attribute or a child out.
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

// A table that scrolls inside itself. The keyboard reaches it, because it may be wider than the
// page.
export function table(label, columns, body) {
  const heads = columns.map(([title, kind]) => element("th", { scope: "col", class: kind }, title));

  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    element("table", {}, element("thead", {}, element("tr", {}, heads)), body));
}

// Replaces what is in a place that is filled again and again. The focus stays on the same link.
export function refill(place, children) {
  const focused = document.activeElement;
  const address = place.contains(focused) ? focused.getAttribute("href") : null;

  place.replaceChildren(...children);
  if (address !== null)
    [...place.querySelectorAll("a")].find((link) => link.getAttribute("href") === address)?.focus();
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (!isGiven(value)) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), oneByOne(value));
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter(isGiven));
  return made;
}

// Somebody who clicks again while the answer is on its way has not asked for more.
function oneByOne(listener) {
  let isBusy = false;

  return async (event) => {
    if (isBusy) {
      event.preventDefault();
      return;
    }
    isBusy = true;
    try {
      await listener(event);
    } finally {
      isBusy = false;
    }
  };
}

function isGiven(value) {
  return value !== null && value !== undefined && value !== false;
}
