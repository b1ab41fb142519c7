// SPDX-License-Identifier: MIT
// A toy API behind the middleware: node api.js [PORT]. With Express: app.use(sluice({...})).
'use strict';
const http = require('node:http');
const sluice = require('./sluice');

const limited = sluice({
  failOpen: (process.env.FAIL || 'open') === 'open',
  timeoutMs: Number(process.env.TIMEOUT_MS || 250),
  // A toy: counts any user name. In a real API use a name that has been verified.
  subject: (request) => {
    const user = request.headers['x-user'];
    return user ? { user_id: user } : { ip: request.socket.remoteAddress };
  },
});

const server = http.createServer((request, response) => {
  limited(request, response, () => {
    response.setHeader('Content-Type', 'text/plain');
    response.end('hello\n');
  });
});
server.listen(Number(process.argv[2] || 8000), process.env.LISTEN || '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port}`);
});
