// UDP: echo, connected sockets, sizes, errors, multicast settings, queue figures, abort.
'use strict';
const dgram = require('dgram');
const { once } = require('events');

(async () => {
  for (const [type, host] of [['udp4', '127.0.0.1'], ['udp6', '::1']]) {
    const server = dgram.createSocket(type);
    server.on('message', (message, from) => server.send(Buffer.concat([Buffer.from('re: '), message]), from.port, from.address));
    await once(server.bind(0, host), 'listening');
    const client = dgram.createSocket(type);
    const got = [];
    for (let i = 0; i < 20; i++) {
      client.send([`part ${i}`, ' and more'], server.address().port, host);
      const [message, from] = await once(client, 'message');
      got.push(`${message}${from.size}`);
    }
    console.log(type, server.address().family, got.join());
    client.send(Buffer.alloc(60000, 7), server.address().port, host);
    const [large] = await once(client, 'message');
    console.log(large.length, large[4], large[59999]);
    console.log(client.getSendQueueSize?.(), client.getSendQueueCount?.());
    client.close();
    server.close();
    await once(server, 'close');
  }
  const connected = dgram.createSocket('udp4');
  const peer = dgram.createSocket('udp4');
  await once(peer.bind(0, '127.0.0.1'), 'listening');
  connected.connect(peer.address().port, '127.0.0.1');
  await once(connected, 'connect');
  connected.send('to the peer');
  console.log(String((await once(peer, 'message'))[0]), connected.remoteAddress().address);
  const port = peer.address().port;
  peer.close();
  await once(peer, 'close');
  connected.on('error', (error) => console.log('error', error.code));
  await new Promise((done) => connected.send('nobody there', done));
  await new Promise((done) => setTimeout(done, 30));
  connected.disconnect();
  connected.close();
  const settings = dgram.createSocket({ type: 'udp4', reuseAddr: true });
  await once(settings.bind(0), 'listening');
  settings.setTTL(3);
  settings.setBroadcast(true);
  settings.setMulticastTTL(2);
  settings.setMulticastLoopback(false);
  settings.setRecvBufferSize(20000);
  console.log(settings.getRecvBufferSize() >= 20000, port > 0);
  settings.send(Buffer.alloc(70000), port, '127.0.0.1', (error) => {
    console.log(error.code, error.syscall);
    settings.close();
  });
})();
