// SPDX-License-Identifier: MIT
//
// A proxy that gives a service a prefix, as a gateway for several services does. What is outside of
// the prefix is not there.
import { createServer, request } from "node:http";
import { once } from "node:events";

// Returns the address of the service behind the proxy, and a function that stops it. `forward`
// sends a reply of the service to the client.
export async function startProxy(origin, prefix, forward = passOn) {
  const server = createServer((incoming, answer) => {
    const path = decodeURIComponent(incoming.url);
    if (!path.startsWith(`${prefix}/`)) {
      answer.writeHead(404).end();
      return;
    }
    const { method, headers } = incoming;
    const forwarded = request(origin + path.slice(prefix.length), { method, headers },
      (reply) => forward(reply, answer));
    forwarded.on("error", () => answer.destroy());
    answer.on("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  });

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${server.address().port}${prefix}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function passOn(reply, answer) {
  answer.writeHead(reply.statusCode, reply.headers);
  reply.pipe(answer);
}
