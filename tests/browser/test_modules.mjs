// SPDX-License-Identifier: MIT
//
// How the dashboard's modules are loaded. No browser is needed.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const DASHBOARD = new URL("../../src/web/dashboard/", import.meta.url);

// Otherwise the browser finds a module only when it has read the one that imports it.
test("the page names each module once, so that all are loaded at once", async () => {
  const page = await readFile(new URL("dashboard.html", DASHBOARD), "utf8");
  const modules = (await readdir(DASHBOARD)).filter((name) => name.endsWith(".js"));

  const named = [...page.matchAll(/="dashboard\/([a-z_]+\.js)"/g)].map(([, name]) => name);

  assert.ok(modules.length > 20, `only ${modules.length} modules`);
  assert.deepEqual(named.sort(), modules.sort());
});
