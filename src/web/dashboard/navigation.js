// SPDX-License-Identifier: MIT
//
// Views are named by the fragment of the address, as in "#/subject?user=ada". It never leaves the
// browser.

// Arguments that are empty are left out.
export function addressOfView(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given).toString();

  return `#/${path}${text ? `?${text}` : ""}`;
}

export function currentView() {
  const [path, ...query] = location.hash.slice(2).split("?");
  return { path, query: new URLSearchParams(query.join("?")) };
}

// A view that is shown already is opened anew.
export function goTo(path, query) {
  const address = addressOfView(path, query);

  if (location.hash === address) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = address;
}
