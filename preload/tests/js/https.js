// TLS over TCP: requests, session reuse, a refused certificate, a large body.
'use strict';
const https = require('https');
const tls = require('tls');
const crypto = require('crypto');
const { once } = require('events');
const { key, cert } = require('./certificate.js')();

const big = crypto.createHash('sha256').update('seed').digest('hex').repeat(20000);
const server = https.createServer({ key, cert }, (request, response) => {
  if (request.url === '/big') return void response.end(big);
  response.end(`secure ${request.socket.getProtocol()} ${request.url}`);
});

function ask(options) {
  return new Promise((resolve, reject) => {
    https.get({ port: server.address().port, servername: 'localhost', ...options }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts).toString()));
    }).on('error', reject);
  });
}

(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const agent = new https.Agent({ keepAlive: true, ca: cert });
  console.log(await ask({ agent, path: '/one' }));
  console.log(await ask({ agent, path: '/two' }));
  console.log((await ask({ agent, path: '/big' })) === big);
  const many = await Promise.all(Array.from({ length: 20 }, (_, i) => ask({ ca: cert, agent: false, path: `/${i}` })));
  console.log(many.length, new Set(many).size);
  await ask({ agent: false }).catch((error) => console.log('refused', error.code));
  const socket = tls.connect({ port: server.address().port, host: '127.0.0.1', servername: 'localhost', ca: cert });
  await once(socket, 'secureConnect');
  console.log(socket.authorized, socket.getPeerCertificate().subject.CN);
  socket.end();
  await once(socket, 'close');
  agent.destroy();
  server.close(() => console.log('closed'));
})();
