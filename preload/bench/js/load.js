// Asks an HTTP server over 50 kept connections, each for the next page as soon as it has the last. Arguments: port, seconds.
// A plain socket that counts bytes costs less than the server, which is to be the one that is measured.
'use strict';
const net = require('net');

const CONNECTIONS = 50;
const [, , port, seconds] = process.argv;
const REQUEST = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
const now = () => Number(process.hrtime.bigint());

let isMeasured = false;
const times = [];

function connect() {
  const socket = net.connect(port, '127.0.0.1');
  let asked = 0;
  let length = 0;
  let got = 0;
  const ask = () => {
    asked = now();
    got = 0;
    socket.write(REQUEST);
  };
  socket.setNoDelay(true).on('connect', ask).on('data', (data) => {
    // All answers have one length: it is that of the first.
    if (length === 0) {
      const text = data.toString('latin1');
      if (!text.startsWith('HTTP/1.1 200 ') || !text.endsWith('\r\n\r\nhello world\n')) throw new Error(text);
      length = data.length;
    }
    got += data.length;
    if (got > length) throw new Error('it says more than it was asked');
    if (got < length) return;
    if (isMeasured) times.push(now() - asked);
    ask();
  });
}

for (let i = 0; i < CONNECTIONS; i++) connect();
setTimeout(() => {
  isMeasured = true;
  const start = now();
  setTimeout(() => {
    const length = now() - start;
    times.sort((a, b) => a - b);
    console.log(`http ${times.length / length * 1e9}`);
    console.log(`http-p99 ${times[Math.floor(times.length * 0.99)] / 1e6}`);
    process.exit();
  }, seconds * 1000);
}, seconds * 500);
