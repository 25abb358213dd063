// An add-on that calls uv_* itself: timer, async from a thread, work, poll, idle, on the loop of each environment.
'use strict';
const { existsSync } = require('fs');
const { Worker, isMainThread, parentPort } = require('worker_threads');

const path = process.env.UVRING_TEST_ADDON;
if (!path || !existsSync(path)) {
  console.log('SKIP no headers of this Node.js');
  process.exit();
}
const addon = require(path);
addon.run((log) => {
  if (!isMainThread) return void parentPort.postMessage(log);
  console.log(log);
  new Worker(__filename).on('message', (fromThread) => console.log('thread', fromThread)).on('exit', (code) => console.log(code));
});
