// SPDX-License-Identifier: MIT
// Middleware (request, response, next) that asks Sluice first. Copy this file.
'use strict';
const http = require('node:http');
const https = require('node:https');

const FIELDS = ['retry-after', 'ratelimit', 'ratelimit-policy'];
const remoteAddress = (request) => ({ ip: request.socket.remoteAddress });

module.exports = function sluice(options = {}) {
  const { failOpen = true, timeoutMs = 250, subject = remoteAddress } = options;
  const [address, socketPath] = (process.env.SLUICE_URL || 'http://127.0.0.1:8080').split('unix:');
  const url = new URL('/check', address || 'http://localhost');
  if (!process.env.SLUICE_API_KEY) throw new Error('SLUICE_API_KEY is not set');
  const client = url.protocol === 'https:' ? https : http;
  // Connections stay open. Those that Sluice closes while they are idle leave the pool.
  const agent = new client.Agent({ keepAlive: true, maxFreeSockets: 16 });
  const headers = { 'X-API-Key': process.env.SLUICE_API_KEY, 'Content-Type': 'application/json' };

  function ask(body, signal, done) {
    const length = { 'Content-Length': Buffer.byteLength(body) };
    const options = { method: 'POST', socketPath, agent, signal, headers: { ...headers, ...length } };
    const request = client.request(url, options, (answer) => {
      answer.resume().on('error', done).on('end', () => done(null, answer));
    });
    request.on('error', (fault) => {
      // Closed while idle: once more. Never after a time-out, see README.
      const closed = fault.code === 'ECONNRESET' || fault.code === 'EPIPE';
      if (request.reusedSocket && closed && !signal.aborted) ask(body, signal, done);
      else done(fault);
    });
    request.end(body);
  }

  function refuse(response, status) {
    response.statusCode = status;
    response.setHeader('Content-Type', 'text/plain');
    response.end(`${status} ${http.STATUS_CODES[status]}\n`);
  }

  return function limited(request, response, next) {
    const path = (request.originalUrl || request.url).split('?')[0].slice(0, 200);
    const body = JSON.stringify({ route_key: path, ...subject(request) });
    let answered = false;
    ask(body, AbortSignal.timeout(timeoutMs), (fault, answer) => {
      if (answered) return;
      answered = true;
      const status = fault ? fault.message : answer.statusCode;
      // Sluice cannot accept this subject, so the request must not pass.
      if ([400, 413, 422].includes(status)) return refuse(response, 400);
      if (status === 200 || status === 429) {
        for (const name of FIELDS.filter((field) => field in answer.headers))
          response.setHeader(name, answer.headers[name]);
        return status === 200 ? next() : refuse(response, 429);
      }
      console.error(`sluice has not decided: ${status}`);
      if (failOpen) return next();
      response.setHeader('Retry-After', '1');
      return refuse(response, 503);
    });
  };
};
