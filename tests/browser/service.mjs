// SPDX-License-Identifier: MIT
//
// The test's own service, on a free port and in memory. Its directory is removed at the end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

// Returns the origin of a service that listens, and a function that stops it.
export async function startService(binary, ...options) {
  const directory = await mkdtemp(join(tmpdir(), "sluice-browser-"));
  const service = spawn(
    binary,
    ["serve", "--listen", "127.0.0.1:0", "--engine", "memory", "--data-dir", directory,
      "--register-limit", "off", ...options],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(service, "exit");
  const port = await portOf(service);

  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      service.kill("SIGTERM");
      const [code] = await ended;
      await rm(directory, { recursive: true });
      if (code !== 0) throw new Error(`the service exited with ${code}`);
    },
  };
}

// The log is read to its end, because a full pipe would stop the service.
function portOf(service) {
  const lines = [];

  return new Promise((resolve, reject) => {
    createInterface(service.stderr)
      .on("line", (line) => {
        lines.push(line);
        if (line.includes('"event":"listening"')) resolve(JSON.parse(line).port);
      })
      .on("close", () => reject(new Error(`the service did not listen:\n${lines.join("\n")}`)));
  });
}
