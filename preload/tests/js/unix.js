// Unix sockets: by path and abstract-free, many clients, a stale path, rights, a path that is too long.
'use strict';
const net = require('net');
const fs = require('fs');
const { once } = require('events');

(async () => {
  const server = net.createServer((socket) => socket.on('data', (data) => socket.write(`<${data}>`)).on('error', () => {}));
  await once(server.listen({ path: 'socket', readableAll: true, writableAll: true }), 'listening');
  // libuv 1.46 leaves the rights to execute as the umask has them, 1.53 takes them away.
  console.log(server.address(), (fs.statSync('socket').mode & 0o666).toString(8), fs.statSync('socket').isSocket());
  const answers = await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    const socket = net.connect('socket');
    socket.write(`client ${i}`);
    const [data] = await once(socket, 'data');
    socket.destroy();
    return String(data);
  }));
  console.log(answers.join());
  const [used] = await once(net.createServer().listen('socket'), 'error');
  console.log(used.code);
  await new Promise((done) => server.close(done));
  console.log(fs.existsSync('socket'));
  const [none] = await once(net.connect('socket'), 'error');
  console.log(none.code, none.syscall, none.address);
  fs.writeFileSync('file', '');
  const [file] = await once(net.connect('file'), 'error');
  console.log(file.code);
  try {
    const [long] = await once(net.connect('x'.repeat(200)), 'error');
    console.log(long.code);
  } catch (error) { console.log(error.code); }
})();
