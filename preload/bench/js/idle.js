// Opens 5 000 connections to an HTTP server, asks once on each and leaves them open; then tells what memory the server has.
// Arguments: the server's port and process.
'use strict';
const fs = require('fs');
const net = require('net');

const CONNECTIONS = 5000;
const AT_ONCE = 100;
const [, , port, pid] = process.argv;

// A connection that has had its answer.
function connect(path) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
    socket.on('error', reject).on('data', (data) => data.includes('hello world') && resolve(socket));
  });
}

(async () => {
  const open = [];
  while (open.length < CONNECTIONS) open.push(...await Promise.all(Array.from({ length: AT_ONCE }, () => connect('/'))));
  await connect('/collect');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const status = fs.readFileSync(`/proc/${pid}/status`, 'latin1');
  console.log(`idle ${Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) / 1024}`);
  process.exit();
})();
