// Lookups by the system's resolver, in callbacks and promises; a DNS server of our own for c-ares, which polls its sockets.
'use strict';
const dns = require('dns');
const dgram = require('dgram');
const { once } = require('events');

function answer(query) {
  const end = query.indexOf(0, 12) + 5;
  const name = query.subarray(12, end - 5).toString('latin1');
  const found = name.includes('known');
  const head = Buffer.from([query[0], query[1], 0x81, found ? 0x80 : 0x83, 0, 1, 0, found ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 77]);
  return Buffer.concat([head, query.subarray(12, end), found ? record : Buffer.alloc(0)]);
}

(async () => {
  const lookup = await dns.promises.lookup('127.0.0.1');
  console.log(lookup);
  const names = await Promise.all(Array.from({ length: 10 }, () => dns.promises.lookup('localhost', { family: 4 })));
  console.log(new Set(names.map((name) => name.address)));
  console.log(await dns.promises.lookup('::1', { all: true }));
  await dns.promises.lookup('no-such-name.invalid').catch((error) => console.log(error.code, error.syscall, error.hostname));
  console.log((await dns.promises.lookupService('127.0.0.1', 80)).service);
  dns.lookup('localhost', { family: 4 }, (error, address, family) => console.log(error, address, family));

  const server = dgram.createSocket('udp4');
  server.on('message', (query, from) => server.send(answer(query), from.port, from.address));
  await once(server.bind(0, '127.0.0.1'), 'listening');
  const resolver = new dns.promises.Resolver({ timeout: 2000 });
  resolver.setServers([`127.0.0.1:${server.address().port}`]);
  console.log(await resolver.resolve4('known.example'), await resolver.resolve4('known.example', { ttl: true }));
  await resolver.resolve4('other.example').catch((error) => console.log(error.code));
  const all = await Promise.all(Array.from({ length: 30 }, (_, i) => resolver.resolve4(`known${i}.example`)));
  console.log(all.flat().length);
  server.close();
})();
