// SPDX-License-Identifier: MIT
//
// The API key of this tab. It ends with the tab, and leaves it only in a header field of requests
// to this origin (api.js).
const NAME = "sluice-key";
const listeners = [];

export function sessionKey() {
  return sessionStorage.getItem(NAME);
}

export function beginSession(key) {
  sessionStorage.setItem(NAME, key);
}

// `problem` is why, and null if the reader has asked for it.
export function endSession(problem = null) {
  sessionStorage.removeItem(NAME);
  for (const listener of listeners) listener(problem);
}

export function onSessionEnd(listener) {
  listeners.push(listener);
}
