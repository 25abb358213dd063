// Files by promises, many at once; handles, iteration, aborts.
'use strict';
const fs = require('fs').promises;

(async () => {
  await fs.mkdir('many');
  const names = Array.from({ length: 300 }, (_, i) => `many/${i}`);
  await Promise.all(names.map((name, i) => fs.writeFile(name, String(i).repeat(i))));
  const sizes = await Promise.all(names.map((name) => fs.stat(name).then((s) => s.size)));
  console.log(sizes.reduce((a, b) => a + b), sizes.every((size, i) => size === String(i).length * i));
  const texts = await Promise.all(names.map((name) => fs.readFile(name, 'utf8')));
  console.log(texts.every((text, i) => text === String(i).repeat(i)));
  console.log((await fs.readdir('many')).length);
  const handle = await fs.open('big', 'w+');
  await Promise.all(Array.from({ length: 64 }, (_, i) => handle.write(Buffer.alloc(10000, i), 0, 10000, i * 10000)));
  const back = await Promise.all(Array.from({ length: 64 }, (_, i) => handle.read(Buffer.alloc(10000), 0, 10000, i * 10000)));
  console.log(back.every(({ bytesRead, buffer }, i) => bytesRead === 10000 && buffer.every((byte) => byte === i)));
  console.log((await handle.stat()).size);
  await handle.truncate(5);
  await handle.appendFile('tail');
  console.log((await fs.readFile('big')).length);
  await handle.close();
  await handle.stat().catch((error) => console.log(error.code));
  let lines = 0;
  await fs.writeFile('lines', 'one\ntwo\nthree\n');
  for await (const line of (await fs.open('lines')).readLines()) lines += line.length;
  console.log(lines);
  const results = await Promise.allSettled(['none', '.', 'lines/x'].map((name) => fs.readFile(name)));
  console.log(results.map((result) => result.reason.code));
  const abort = new AbortController();
  const reading = fs.readFile('big', { signal: abort.signal });
  abort.abort();
  await reading.catch((error) => console.log(error.name));
  await fs.rm('many', { recursive: true });
  for await (const entry of await fs.opendir('.')) if (entry.name === 'many') console.log('still there');
  await fs.cp('lines', 'copy');
  console.log(await fs.readFile('copy', 'utf8') === await fs.readFile('lines', 'utf8'));
})();
