// Operations on files per second. Arguments: stat (one at a time), stat-200 (200 at once) or read-file, and for how many seconds.
'use strict';
const fs = require('fs');

const [, , what, seconds] = process.argv;
const file = 'small.txt';
fs.writeFileSync(file, 'x'.repeat(1000));

const steps = {
  async stat() {
    await fs.promises.stat(file);
    return 1;
  },
  async 'stat-200'() {
    await Promise.all(Array.from({ length: 200 }, () => fs.promises.stat(file)));
    return 200;
  },
  async 'read-file'() {
    if ((await fs.promises.readFile(file)).length !== 1000) throw new Error('it read something else');
    return 1;
  },
};

async function measure(seconds) {
  const start = process.hrtime.bigint();
  const end = start + BigInt(Math.round(seconds * 1e9));
  let count = 0;
  let now = start;
  while (now < end) {
    count += await steps[what]();
    now = process.hrtime.bigint();
  }
  return count / (Number(now - start) / 1e9);
}

(async () => {
  await measure(seconds / 2); // The compiler of JavaScript needs its time.
  console.log(`${what} ${await measure(seconds)}`);
})();
