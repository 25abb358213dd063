// Run as root: gives up root's rights; later file operations have the new ones, wherever they are done.
'use strict';
const fs = require('fs');

if (process.getuid() !== 0) {
  console.log('SKIP not root');
  process.exit();
}
(async () => {
  fs.writeFileSync('secret', 'of root', { mode: 0o600 });
  fs.mkdirSync('open');
  fs.chmodSync('open', 0o777);
  fs.chmodSync('.', 0o755);
  console.log(await fs.promises.readFile('secret', 'utf8'));
  await Promise.all(Array.from({ length: 20 }, () => fs.promises.stat('secret')));
  process.setgroups([65534]);
  process.setgid(65534);
  process.setuid(65534);
  console.log(process.getuid(), process.geteuid(), process.getgid(), process.getgroups());
  for (let i = 0; i < 3; i++) await fs.promises.readFile('secret').catch((error) => console.log(error.code));
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => fs.promises.open('secret')));
  console.log(results.map((result) => result.reason?.code).join());
  await fs.promises.writeFile('open/mine', 'x').then(() => fs.promises.stat('open/mine')).then((s) => console.log(s.uid, s.gid)).catch((e) => console.log(e.code));
  try { process.setuid(0); } catch (error) { console.log(error.code); }
  console.log(require('child_process').execSync('id -u').toString().trim());
  // Whether it refuses where io_uring is asked for by name.
  const code = 'try { process.setuid(process.getuid()); console.log("done"); } catch (error) { console.log(error.message); }';
  const env = { ...process.env, UV_USE_IO_URING: '1' };
  console.log(require('child_process').execFileSync(process.execPath, ['-e', code], { env, encoding: 'utf8' }));
})();
