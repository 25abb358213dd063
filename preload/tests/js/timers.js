// The order of timers, immediates, ticks, promises and finished files; intervals; never early; ref and unref.
'use strict';
const fs = require('fs');
const { performance } = require('perf_hooks');
const order = [];
const log = (what) => () => order.push(what);

fs.stat('.', () => {
  setTimeout(log('timeout after file'), 0);
  setImmediate(log('immediate after file'));
  process.nextTick(log('tick after file'));
  Promise.resolve().then(log('promise after file'));
});
for (const ms of [90, 10, 50, 10, 0, 1]) setTimeout(log(`timeout ${ms}`), ms);
process.nextTick(log('tick'));
Promise.resolve().then(log('promise'));
queueMicrotask(log('microtask'));
const cleared = setTimeout(log('never'), 100);
setImmediate(() => clearTimeout(cleared));
let count = 0;
const interval = setInterval(() => { if (++count === 5) clearInterval(interval); }, 7);
setTimeout(log('unrefed'), 100000).unref();
const refreshed = setTimeout(log('refreshed'), 70);
setTimeout(() => refreshed.refresh(), 45);

let early = 0;
for (let i = 0; i < 200; i++) {
  const ms = i % 25;
  const start = performance.now();
  setTimeout(() => { if (performance.now() - start < ms - 1) early++; }, ms);
}
setTimeout(() => {
  const timers = order.filter((what) => /^(tick|promise|microtask|timeout \d\d|refreshed)$/.test(what));
  console.log(timers);
  const at = (what) => order.indexOf(what);
  console.log(at('tick after file') < at('promise after file'), at('promise after file') < at('immediate after file'),
    at('immediate after file') < at('timeout after file'), at('timeout 0') < at('timeout 10'));
  console.log(count, early, order.includes('never'));
  setImmediate(() => { const a = []; setImmediate(() => a.push(1)); process.nextTick(() => a.push(0)); setTimeout(() => console.log(a), 10); });
}, 250);
const { eventLoopUtilization } = performance;
const before = eventLoopUtilization();
setTimeout(() => { const u = eventLoopUtilization(before); console.log(u.idle > 0, u.active > 0, u.utilization < 1); }, 250);
