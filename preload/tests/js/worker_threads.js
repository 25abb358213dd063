// Threads: messages, shared memory, transfer, their own timers, files and servers, being ended, nested ones.
'use strict';
const { Worker, isMainThread, parentPort, workerData, MessageChannel, threadId } = require('worker_threads');
const { once } = require('events');
const fs = require('fs');
const net = require('net');

if (!isMainThread) {
  if (workerData.spin) for (;;);
  if (workerData.wait) setInterval(() => {}, 1000);
  if (workerData.throws) throw new Error('from a thread');
  if (workerData.work) (async () => {
    Atomics.add(new Int32Array(workerData.shared), 0, 1);
    await new Promise((done) => setTimeout(done, 5));
    const text = await fs.promises.readFile(__filename, 'utf8');
    const server = net.createServer((socket) => socket.end('x'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const [data] = await once(net.connect(server.address().port, '127.0.0.1'), 'data');
    server.close();
    parentPort.postMessage([text.length > 100, String(data), threadId > 0]);
  })();
  if (workerData.echo) parentPort.on('message', ({ port, buffer }) => { port.postMessage(buffer.byteLength); port.close(); parentPort.close(); });
} else main();

async function main() {
  const shared = new SharedArrayBuffer(4);
  const workers = Array.from({ length: 8 }, () => new Worker(__filename, { workerData: { work: true, shared } }));
  console.log((await Promise.all(workers.map((worker) => once(worker, 'message')))).map(([message]) => message.join()).join(' '));
  console.log(await Promise.all(workers.map((worker) => worker.terminate())).then((codes) => codes.length), new Int32Array(shared)[0]);
  const echo = new Worker(__filename, { workerData: { echo: true } });
  const { port1, port2 } = new MessageChannel();
  const buffer = new ArrayBuffer(1000);
  const ended = once(echo, 'exit');
  echo.postMessage({ port: port2, buffer }, [port2, buffer]);
  console.log((await once(port1, 'message'))[0], buffer.byteLength, await ended);
  for (const how of ['spin', 'wait']) {
    const worker = new Worker(__filename, { workerData: { [how]: true } });
    await once(worker, 'online');
    console.log(how, await worker.terminate());
  }
  const [error] = await once(new Worker(__filename, { workerData: { throws: true } }), 'error');
  console.log(error.message);
  const code = new Worker('process.exit(9)', { eval: true });
  console.log(await once(code, 'exit'));
  const out = new Worker('console.log("printed by a thread")', { eval: true, stdout: true });
  let text = '';
  for await (const part of out.stdout.setEncoding('utf8')) text += part;
  console.log(text.trim());
  for (let i = 0; i < 20; i++) await once(new Worker('0', { eval: true }), 'exit');
}
