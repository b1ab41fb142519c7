// SPDX-License-Identifier: MIT
//
// Asking again and again, without being a burden: not while nobody looks, and not before the
// service takes more requests.

// Runs `step` at once and then each `seconds`, until the signal is aborted. What it throws goes to
// `onTrouble`, and null after a step that went well.
export async function poll(seconds, signal, step, onTrouble = () => {}) {
  while (!signal.aborted) {
    let rest = seconds;
    try {
      await step();
      if (!signal.aborted) onTrouble(null);
    } catch (error) {
      if (signal.aborted) return;
      onTrouble(error);
      rest = Math.max(seconds, error.retryAfter ?? 0, 2);
    }
    await pause(rest * 1000, signal);
    await visible(signal);
  }
}

function pause(ms, signal) {
  return first(signal, (done) => {
    const timer = setTimeout(done, ms);
    return () => clearTimeout(timer);
  });
}

async function visible(signal) {
  if (!document.hidden) return;
  await first(signal, (done) => {
    document.addEventListener("visibilitychange", done);
    return () => document.removeEventListener("visibilitychange", done);
  });
}

// Resolves when `begin` calls `done`, or the signal is aborted. Then nothing of it is left, because
// a view may be open for days. `begin` returns what undoes it.
async function first(signal, begin) {
  if (signal.aborted) return;
  await new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener("abort", done);
      undo();
      resolve();
    };
    const undo = begin(done);
    signal.addEventListener("abort", done);
  });
}
