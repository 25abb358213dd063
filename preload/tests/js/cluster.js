// Workers that share a port, both policies; one dies and is replaced.
'use strict';
const cluster = require('cluster');
const http = require('http');
const { once } = require('events');

const policy = process.argv[2];
if (!policy) {
  const { spawnSync } = require('child_process');
  for (const policy of ['rr', 'none']) {
    const { stdout, stderr, status } = spawnSync(process.execPath, [__filename, policy], { env: { ...process.env, NODE_CLUSTER_SCHED_POLICY: policy } });
    console.log(policy, status, `${stdout}${stderr}`);
  }
} else if (cluster.isPrimary) main();
else {
  http.createServer((request, response) => {
    response.end(`ok ${request.url}`);
    if (request.url === '/die') setImmediate(() => process.exit(7));
  }).listen(0, '127.0.0.1');
}

function ask(port, path) {
  return new Promise((resolve, reject) => http.get({ port, path, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part) => { text += part; }).on('end', () => resolve(text)).on('error', reject);
  }).on('error', reject));
}

async function main() {
  const workers = [cluster.fork(), cluster.fork()];
  const [[address]] = await Promise.all(workers.map((worker) => once(worker, 'listening')));
  const { port } = address;
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => ask(port, `/${i}`)));
  console.log(answers.length, answers.every((answer, i) => answer === `ok /${i}`));
  const died = once(cluster, 'exit');
  await ask(port, '/die').catch(() => {});
  const [, code, signal] = await died;
  console.log('died', code, signal);
  await once(cluster.fork(), 'listening');
  console.log(await ask(port, '/again'));
  await new Promise((done) => cluster.disconnect(done));
  console.log('disconnected', Object.keys(cluster.workers).length);
}
