// SPDX-License-Identifier: MIT
//
// A service of the test's own: on a free port, in memory, in a directory that goes with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

// The origin of a service that listens, and what stops it.
export async function startService(binary) {
  const directory = await mkdtemp(join(tmpdir(), "sluice-browser-"));
  const service = spawn(
    binary,
    ["serve", "--listen", "127.0.0.1:0", "--engine", "memory", "--data-dir", directory,
      "--register-limit", "off"],
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

// Its log is read to its end, because a full pipe would hold it up.
function portOf(service) {
  const lines = [];

  return new Promise((resolve, reject) => {
    createInterface(service.stderr)
      .on("line", (line) => {
        lines.push(line);
        if (line.includes('"event":"listening"')) resolve(JSON.parse(line).port);
      })
      .on("close", () => reject(new Error(`the service has not listened:\n${lines.join("\n")}`)));
  });
}
