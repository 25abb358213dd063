// Children: output, exit codes, signals, input, IPC, handles passed, a shell, synchronous ones, many at once, errors.
'use strict';
const { spawn, exec, execFile, fork, spawnSync, execFileSync } = require('child_process');
const { once } = require('events');
const net = require('net');
const util = require('util');

if (process.argv[2] === 'child') {
  process.on('message', (message, handle) => {
    if (message === 'end') return void process.disconnect();
    if (message === 'socket') return void handle.end('from the child');
    if (message === 'server') {
      handle.on('connection', (socket) => socket.end('served by the child'));
      return void process.send('listening');
    }
    process.send({ back: message, big: 'b'.repeat(100000).length });
  });
  process.send('ready');
} else main();

async function output(child) {
  let text = '';
  for await (const part of child.stdout.setEncoding('utf8')) text += part;
  return text;
}

async function main() {
  console.log(await util.promisify(exec)('echo out; echo err >&2'));
  const failed = await util.promisify(exec)('exit 3').catch((error) => error);
  console.log(failed.code, failed.killed);
  const cat = spawn('cat');
  cat.stdin.end('through cat '.repeat(20000));
  console.log((await output(cat)).length);
  const sleeper = spawn('sleep', ['100']);
  setTimeout(() => sleeper.kill(), 20);
  console.log(await once(sleeper, 'exit'));
  console.log((await once(spawn('no-such-program'), 'error'))[0].code);
  console.log((await once(spawn('true', { cwd: '/no/such' }), 'error'))[0].code);
  const codes = await Promise.all(Array.from({ length: 30 }, (_, i) => once(spawn('sh', ['-c', `exit ${i}`]), 'exit')));
  console.log(codes.map(([code]) => code).join());
  console.log(spawnSync('sh', ['-c', 'cat; exit 5'], { input: 'given' }).output.map(String), execFileSync('echo', ['sync']) + '');
  console.log(spawnSync('sleep', ['10'], { timeout: 50 }).signal);
  const large = execFileSync('head', ['-c', '3000000', '/dev/zero'], { maxBuffer: 4e6 });
  console.log(large.length);
  const env = await util.promisify(execFile)('sh', ['-c', 'echo $ONE; pwd; echo $0'], { env: { ...process.env, ONE: '1' }, cwd: '/' });
  console.log(env.stdout);
  const extra = spawn('sh', ['-c', 'echo to three >&3; cat <&4'], { stdio: ['ignore', 'pipe', 'inherit', 'pipe', 'pipe'] });
  extra.stdio[4].end('from four');
  console.log(String((await once(extra.stdio[3], 'data'))[0]).trim(), await output(extra));

  const child = fork(__filename, ['child']);
  console.log((await once(child, 'message'))[0]);
  child.send({ nested: [1, { two: 'three' }] });
  console.log(JSON.stringify((await once(child, 'message'))[0]));
  const server = net.createServer((socket) => child.send('socket', socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const read = async (port) => {
    let text = '';
    for await (const part of net.connect(port, '127.0.0.1').setEncoding('utf8')) text += part;
    return text;
  };
  console.log(await read(server.address().port));
  server.close();
  const given = net.createServer();
  await once(given.listen(0, '127.0.0.1'), 'listening');
  const { port } = given.address();
  child.send('server', given, () => given.close());
  console.log((await once(child, 'message'))[0]);
  console.log(await read(port));
  child.send('end');
  await once(child, 'disconnect');
  child.kill('SIGKILL');
  console.log(await once(child, 'exit'));
  const advanced = fork(__filename, ['child'], { serialization: 'advanced' });
  await once(advanced, 'message');
  advanced.send(new Map([['key', 12n]]));
  console.log((await once(advanced, 'message'))[0].back);
  advanced.disconnect();
  console.log(await once(advanced, 'exit'));
}
