// process.report walks all handles of the loop; figures of the process and the system.
'use strict';
const net = require('net');
const os = require('os');
const fs = require('fs');
const dgram = require('dgram');
const { once } = require('events');

(async () => {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = net.connect(server.address().port, '127.0.0.1');
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')]);
  // Both sockets are read from by then.
  await new Promise((done) => setTimeout(done, 20));
  const udp = dgram.createSocket('udp4');
  await once(udp.bind(0, '127.0.0.1'), 'listening');
  const watcher = fs.watch('.');
  const timer = setTimeout(() => {}, 100000);
  const child = require('child_process').spawn('sleep', ['100']);
  process.on('SIGUSR2', () => {});
  const report = process.report.getReport();
  const handles = report.libuv.filter((handle) => handle.type);
  const kinds = [...new Set(handles.filter((handle) => handle.is_active).map((handle) => handle.type))].sort();
  console.log(kinds);
  const tcp = handles.filter((handle) => handle.type === 'tcp').map((handle) => [handle.is_active, handle.is_referenced, handle.localEndpoint?.host, !!handle.remoteEndpoint]);
  console.log(tcp.map(String).sort());
  console.log(handles.find((handle) => handle.type === 'process').pid === child.pid, handles.find((handle) => handle.type === 'signal').signal);
  console.log(report.libuv.find((handle) => handle.type === 'loop')?.is_active);
  console.log(report.header.cpus.length === os.cpus().length, report.userLimits.open_files !== undefined, report.resourceUsage.maxRss > 0);
  for (const handle of [client, accepted, server, udp, watcher]) handle.close ? handle.close() : handle.destroy();
  clearTimeout(timer);
  child.kill();
  process.removeAllListeners('SIGUSR2');
  console.log(os.hostname().length > 0, os.cpus().every((cpu) => cpu.times.user >= 0), os.totalmem() > os.freemem(), os.uptime() > 0,
    os.loadavg().length, os.userInfo().username, os.homedir(), os.networkInterfaces().lo?.[0].address, os.getPriority(), os.version().length > 0);
  console.log(process.memoryUsage.rss() > 1e6, process.resourceUsage().userCPUTime > 0, process.hrtime.bigint() > 0n, process.uptime() < 60, process.cpuUsage().user > 0);
  process.title = 'short';
  console.log(process.title, fs.readFileSync('/proc/self/comm', 'utf8').trim().length > 0, process.constrainedMemory?.() !== 1);
  process.chdir('/');
  console.log(process.cwd(), process.umask().toString(8), process.availableMemory?.() !== 0);
  process.env.UVRING_TEST = 'set';
  console.log(require('child_process').execSync('echo $UVRING_TEST').toString().trim());
  delete process.env.UVRING_TEST;
  console.log(os.tmpdir(), process.getActiveResourcesInfo().includes('Timeout'));
})();
