// SPDX-License-Identifier: MIT
//
// Whether the instance that answers is well: its store, its catalogue, and the nodes of a cluster.
// instances.js tells what is known of the others.
import { ask } from "./api.js";
import { element } from "./element.js";
import { poll } from "./polling.js";

const SECONDS = 5;
const IDENTITIES = {
  lost: "the catalogue has come back empty or replaced, and is not yet whole",
  foreign: "the catalogue is another one, and this instance must be restarted",
};

export function healthStrip(signal) {
  const words = element("span");
  const mark = element("span", { class: "mark plain" }, "asking");

  poll(SECONDS, signal, async () => {
    const health = await ask("GET", "readyz", { signal, key: null, isAnswer: isHealth });
    tell(health.status, healthWords(health), health.status === "ready" ? "allowed" : "denied");
  }, (problem) => problem && tell("no answer", problem.message, "denied"));

  function tell(status, text, kind) {
    mark.textContent = status;
    mark.className = `mark ${kind}`;
    words.textContent = text;
  }

  return element("p", { class: "health" }, "This instance: ", mark, " ", words);
}

// An instance that is not well says so at a status that gateways use, too.
function isHealth(status, { engine }) {
  return status === 503 && engine !== undefined;
}

// An array of what is said about the parts of the service, as one sentence.
export function healthWords({ engine, store, store_nodes: nodes = [], catalogue,
  catalogue_identity: identity, draining }) {
  const away = nodes.filter(({ decides }) => !decides).map(({ node }) => node);
  const words = [`counters in ${engine === "redis" ? "Redis" : "memory"}`,
    store ? "the store decides" : "the store does not decide",
    catalogue ? "the catalogue answers" : "the catalogue does not answer"];

  if (nodes.length > 0)
    words.push(away.length > 0 ? `nodes that do not decide: ${away.join(", ")}`
      : `all ${nodes.length} nodes decide`);
  if (IDENTITIES[identity]) words.push(IDENTITIES[identity]);
  if (draining) words.push("the process is stopping");
  return words.join("; ");
}
