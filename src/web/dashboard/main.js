// SPDX-License-Identifier: MIT
//
// Starts the dashboard: which view is shown, and what ends when it is left.
import { ask } from "./api.js";
import { element } from "./element.js";
import { addressOfView, currentView } from "./navigation.js";
import { openOverview } from "./overview.js";
import { openPolicies } from "./policies.js";
import { openPolicy } from "./policy_form.js";
import { endSession, onSessionEnd, sessionKey } from "./session.js";
import { openSignIn } from "./sign_in.js";
import { openSubject } from "./subject.js";
import { openTry } from "./try_check.js";

// A view is opened with the place for it, its arguments, and a signal that is aborted when it is
// left. `tab` is the one of the navigation.
const VIEWS = [
  { path: "subject", tab: "subject", title: "Find a subject", open: openSubject },
  { path: "overview", tab: "overview", title: "Overview", open: openOverview },
  { path: "policies", tab: "policies", title: "Policies", open: openPolicies },
  { path: "policy", tab: "policies", title: "Policy", open: openPolicy },
  { path: "try", tab: "try", title: "Try a check", open: openTry },
];
const TABS = [["subject", "Subjects"], ["overview", "Overview"], ["policies", "Policies"],
  ["try", "Try a check"]];

const main = document.querySelector("main");
const appName = document.getElementById("app");
const nav = document.querySelector("nav");
const signOut = document.getElementById("sign-out");
let leaving = new AbortController();
let isMoving = false; // a page that has just been loaded is read from its start

function show(problem = null) {
  leaving.abort();
  leaving = new AbortController();
  const isSignedIn = sessionKey() !== null;
  nav.hidden = !isSignedIn;
  signOut.hidden = !isSignedIn;
  if (isSignedIn) {
    showAppName();
    showView();
  } else {
    appName.textContent = "";
    showSignIn(problem);
  }
}

// Whose figures these are. A refusal is told by the view.
async function showAppName() {
  const key = sessionKey();
  if (appName.textContent !== "") return;
  try {
    const { name, app_id: id } = await ask("GET", "app");
    if (key !== sessionKey()) return;
    appName.textContent = name;
    appName.title = id;
  } catch {
    appName.textContent = "";
  }
}

function showView() {
  const { path, query } = currentView();
  const view = VIEWS.find((each) => each.path === path) ?? VIEWS[0];
  const heading = head(view.title);

  nav.replaceChildren(...TABS.map(([tab, title]) => element("a", {
    href: addressOfView(tab), "aria-current": tab === view.tab && "page",
  }, title)));
  if (isMoving) heading.focus();
  view.open(main, query, leaving.signal);
}

function showSignIn(problem) {
  head("Sign in");
  openSignIn(main, problem, () => {
    isMoving = true;
    show();
  });
}

// The focus moves here, so that the keyboard and screen readers go on in the new view.
function head(title) {
  const heading = element("h1", { tabindex: -1 }, title);

  document.title = `${title} · Sluice`;
  main.replaceChildren(heading);
  return heading;
}

window.addEventListener("hashchange", () => {
  isMoving = true;
  show();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.querySelector("h1").focus();
});
signOut.addEventListener("click", () => endSession());
onSessionEnd(show);
show();
