// Read and write streams, pipelines, ranges, a FIFO between two of them, /dev and /proc files.
'use strict';
const fs = require('fs');
const { pipeline } = require('stream/promises');
const { execFileSync } = require('child_process');
const crypto = require('crypto');

const hash = (path) => crypto.createHash('sha1').update(fs.readFileSync(path)).digest('hex');
async function text(stream) {
  let all = '';
  for await (const part of stream.setEncoding('latin1')) all += part;
  return all;
}

(async () => {
  fs.writeFileSync('source', Buffer.from(Array.from({ length: 3000000 }, (_, i) => (i * 7 + (i >> 8)) & 255)));
  await pipeline(fs.createReadStream('source'), fs.createWriteStream('target'));
  console.log(hash('source') === hash('target'));
  const range = await text(fs.createReadStream('source', { start: 100, end: 199, highWaterMark: 7 }));
  console.log(range.length, range.charCodeAt(0));
  const writer = fs.createWriteStream('target', { flags: 'r+', start: 10 });
  writer.end('patched');
  await new Promise((done) => writer.on('close', done));
  console.log(fs.readFileSync('target').toString('latin1', 10, 17), writer.bytesWritten, fs.statSync('target').size);
  execFileSync('mkfifo', ['fifo']);
  const reading = text(fs.createReadStream('fifo'));
  const fifo = fs.createWriteStream('fifo');
  for (let i = 0; i < 100; i++) fifo.write(`line ${i}\n`);
  fifo.end();
  console.log((await reading).split('\n').length);
  console.log((await text(fs.createReadStream('/proc/self/comm'))).length > 0, (await text(fs.createReadStream('/dev/null'))).length);
  console.log((await text(fs.createReadStream('/dev/zero', { end: 9999 }))).length);
  await text(fs.createReadStream('none')).catch((error) => console.log(error.code));
  const stopped = fs.createReadStream('source');
  stopped.once('data', () => stopped.destroy());
  await new Promise((done) => stopped.on('close', done));
  console.log(stopped.bytesRead > 0);
})();
