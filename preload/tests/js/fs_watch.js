// Watching files and folders by inotify and by polling.
'use strict';
const fs = require('fs');
const { setTimeout: sleep } = require('timers/promises');

async function seen(watcher, act) {
  const events = new Set();
  watcher.on('change', (kind, name) => events.add(`${kind} ${name}`));
  await sleep(20);
  await act();
  await sleep(80);
  watcher.close();
  await new Promise((done) => watcher.once('close', done));
  return [...events].sort();
}

(async () => {
  fs.mkdirSync('folder');
  fs.writeFileSync('file', '1');
  console.log(await seen(fs.watch('folder'), () => {
    fs.writeFileSync('folder/new', '1');
    fs.renameSync('folder/new', 'folder/old');
    fs.unlinkSync('folder/old');
  }));
  console.log(await seen(fs.watch('file'), () => fs.writeFileSync('file', '22')));
  try { fs.watch('none'); } catch (error) { console.log(error.code, error.syscall); }
  const polled = new Promise((done) => fs.watchFile('file', { interval: 20 }, (now, before) => done([now.size, before.size])));
  await sleep(50);
  fs.writeFileSync('file', '333');
  console.log(await polled);
  fs.unwatchFile('file');
  const abort = new AbortController();
  setTimeout(() => fs.writeFileSync('folder/again', ''), 30);
  try {
    for await (const event of fs.promises.watch('folder', { signal: abort.signal })) { console.log(event.eventType, event.filename); abort.abort(); }
  } catch (error) { console.log(error.name); }
})();
