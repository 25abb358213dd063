// TCP: echo, half-open ends, back-pressure, reset, refusal, timeouts, pause and resume, both families.
'use strict';
const net = require('net');
const { once } = require('events');

const listen = (server, ...where) => once(server.listen(...where), 'listening').then(() => server.address());
const closed = (server) => new Promise((done) => server.close(done));

async function echo(host) {
  const server = net.createServer((socket) => socket.pipe(socket));
  const { port, family } = await listen(server, 0, host);
  const sockets = Array.from({ length: 20 }, () => net.connect(port, host));
  const texts = await Promise.all(sockets.map(async (socket, i) => {
    socket.end(`hello ${i} `.repeat(1000));
    let text = '';
    for await (const part of socket.setEncoding('utf8')) text += part;
    return text === `hello ${i} `.repeat(1000);
  }));
  console.log(family, texts.every(Boolean));
  await closed(server);
}

async function backPressure() {
  const total = 32 << 20;
  const server = net.createServer(async (socket) => {
    socket.pause();
    await new Promise((done) => setTimeout(done, 50));
    let got = 0;
    for await (const part of socket) got += part.length;
    console.log('received all', got === total);
  });
  const { port } = await listen(server, 0, '127.0.0.1');
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let sent = 0;
  let waits = 0;
  const chunk = Buffer.alloc(1 << 20, 'z');
  while (sent < total) {
    sent += chunk.length;
    if (!socket.write(chunk)) { waits++; await once(socket, 'drain'); }
  }
  socket.end();
  await once(socket, 'close');
  console.log('waited', waits > 0, socket.bytesWritten === total, socket.writableLength);
  await closed(server);
}

async function halfOpen() {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('end', () => { socket.write('after your end, '); setTimeout(() => socket.end('late answer'), 20); });
    socket.resume();
  });
  const { port } = await listen(server, 0, '127.0.0.1');
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end('question');
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += part;
  console.log(text);
  await closed(server);
}

async function trouble() {
  const server = net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const { port } = await listen(server, 0, '127.0.0.1');
  const socket = net.connect(port, '127.0.0.1');
  socket.write('x');
  const [error] = await once(socket, 'error');
  console.log('reset', error.code, error.syscall);
  await closed(server);
  const [refused] = await once(net.connect(port, '127.0.0.1'), 'error');
  console.log('refused', refused.code, refused.syscall, refused.address);
  const first = net.createServer();
  const address = await listen(first, 0, '127.0.0.1');
  const [used] = await once(net.createServer().listen(address.port, '127.0.0.1'), 'error');
  console.log('used', used.code, used.syscall);
  await closed(first);
}

async function settings() {
  const server = net.createServer({ noDelay: true, keepAlive: true }, (socket) => socket.end('bye'));
  const { port } = await listen(server, 0, '127.0.0.1');
  const socket = net.connect(port, '127.0.0.1');
  socket.setNoDelay(true).setKeepAlive(true, 1000);
  await once(socket.resume(), 'end');
  console.log(socket.remoteAddress, socket.remoteFamily, socket.remotePort === port, socket.bytesRead);
  const silent = net.createServer();
  const there = await listen(silent, 0, '127.0.0.1');
  const waiting = net.connect(there.port, '127.0.0.1');
  waiting.setTimeout(30);
  await once(waiting, 'timeout');
  waiting.destroy();
  console.log('timeout');
  await Promise.all([closed(server), closed(silent)]);
}

(async () => {
  await echo('127.0.0.1');
  await echo('::1').catch((error) => console.log(error.code));
  await backPressure();
  await halfOpen();
  await trouble();
  await settings();
})();
