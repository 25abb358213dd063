// Standard input and output as pipes, files and a terminal; output right before the end.
'use strict';
const { spawnSync, spawn } = require('child_process');
const fs = require('fs');

const node = process.execPath;
const run = (code, options = {}) => spawnSync(node, ['-e', code], { encoding: 'utf8', maxBuffer: 1e8, ...options });
// What fits is written before the call returns; for the rest there is the callback.
const small = run('process.stdout.write("x".repeat(60000)); process.exit()');
console.log('small', small.stdout.length, small.status);
const large = run('process.stdout.write("x".repeat(5000000), () => process.exit(5))');
console.log('large', large.stdout.length, large.status);
fs.writeFileSync('input', 'from a file\n'.repeat(10000));
const count = 'let n = 0; process.stdin.on("data", (d) => n += d.length).on("end", () => console.log(n, require("tty").isatty(0)))';
console.log('file', run(count, { stdio: [fs.openSync('input'), 'pipe', 'pipe'] }).stdout.trim());
console.log('given', run(count, { input: 'y'.repeat(1000000) }).stdout.trim());
console.log('none', run(count, { stdio: ['ignore', 'pipe', 'pipe'] }).stdout.trim());
run('console.log("a".repeat(100000)); console.error("b")', { stdio: ['ignore', fs.openSync('out', 'w'), fs.openSync('err', 'w')] });
console.log('to files', fs.statSync('out').size, fs.statSync('err').size);
console.log('lines', run('require("readline").createInterface({ input: process.stdin }).on("line", (l) => console.log(`<${l}>`))', { input: 'one\ntwo\nthree' }).stdout);
const shut = spawn(node, ['-e', 'process.stdout.on("error", (e) => { console.error(e.code); process.exit(2) }); setInterval(() => process.stdout.write("z".repeat(1000)), 1)']);
shut.stdout.destroy();
shut.stderr.on('data', (data) => console.log('shut', String(data).trim()));
shut.on('exit', (code) => { console.log(code); terminal(); });

function terminal() {
  const inside = `
    const { stdin, stdout } = process;
    console.log('tty', stdin.isTTY, stdout.isTTY, stdout.getWindowSize().length, stdout.hasColors(16));
    stdin.setRawMode(true);
    console.log('raw', stdin.isRaw);
    stdin.setRawMode(false);
    require('readline').createInterface({ input: stdin, output: stdout, terminal: true }).question('name? ', (name) => { console.log('hello ' + name); process.exit(); });`;
  fs.writeFileSync('inside.js', inside);
  const script = spawn('script', ['-qec', `"${node}" inside.js`, '/dev/null'], { env: { ...process.env, TERM: 'xterm', COLORTERM: '' } });
  let text = '';
  script.stdout.setEncoding('utf8').on('data', (part) => { text += part; if (text.includes('name? ') && script.stdin.writable) script.stdin.end('Ada\r'); });
  script.on('error', (error) => console.log(error.code));
  script.on('close', (code) => console.log(code, text.replace(/\x1b\[[0-9;?]*[a-zA-Z]/g, '').split(/\r*\n/).filter((line) => /tty|raw|^hello/.test(line))));
}
