// Signals to oneself and to children, several listeners, exit codes, uncaught ones.
'use strict';
const { spawn, spawnSync } = require('child_process');
const { once } = require('events');

const run = (code) => {
  const { status, signal, stdout } = spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
  return [status, signal, stdout.trim()];
};

(async () => {
  const got = [];
  process.on('SIGUSR2', (name, number) => got.push(`${name} ${number}`));
  process.once('SIGUSR2', () => got.push('once'));
  process.on('SIGHUP', () => got.push('hang-up'));
  for (const name of ['SIGUSR2', 'SIGHUP', 'SIGUSR2']) {
    process.kill(process.pid, name);
    await new Promise((done) => setTimeout(done, 30));
  }
  console.log(got);
  process.removeAllListeners('SIGUSR2');
  process.removeAllListeners('SIGHUP');
  console.log(run('process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5000)'));
  console.log(run('process.on("SIGTERM", () => process.exit(3)); process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5000)'));
  console.log(run('process.on("exit", (code) => console.log("exit", code)); process.exitCode = 4'));
  console.log(run('process.on("SIGINT", () => { console.log("int"); clearInterval(i); }); const i = setInterval(() => {}, 50); process.kill(process.pid, "SIGINT")'));
  console.log(run('process.abort()').slice(0, 2));
  console.log(run('process.on("beforeExit", () => { if (!global.once) { global.once = 1; setTimeout(() => console.log("more"), 1); } })'));
  const child = spawn(process.execPath, ['-e', 'process.on("SIGWINCH", () => { console.log("winch"); process.exit() }); setInterval(() => {}, 1000); console.log("ready")']);
  await once(child.stdout, 'data');
  child.kill('SIGWINCH');
  console.log(String((await once(child.stdout, 'data'))[0]).trim(), await once(child, 'exit'));
  try { process.kill(process.pid, 'SIGNONE'); } catch (error) { console.log(error.code); }
  try { process.kill(2 ** 22 + 1, 0); } catch (error) { console.log(error.code, error.syscall); }
})();
