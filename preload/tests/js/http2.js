// Streams on one session, in the clear and over TLS; a push of data both ways; a stream that is reset.
'use strict';
const http2 = require('http2');
const { once } = require('events');
const { key, cert } = require('./certificate.js')();

function serve(server) {
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const path = headers[':path'];
    if (path === '/hang') return void stream.respond({ ':status': 200 });
    stream.respond({ ':status': path === '/none' ? 404 : 200 });
    if (headers[':method'] === 'POST') stream.pipe(stream);
    else stream.end(`stream of ${path}`);
  });
  return once(server.listen(0, '127.0.0.1'), 'listening');
}

async function ask(session, path, body) {
  const stream = session.request({ ':path': path, ':method': body ? 'POST' : 'GET' });
  stream.end(body);
  const [headers] = await once(stream, 'response');
  let text = '';
  for await (const part of stream.setEncoding('utf8')) text += part;
  return [headers[':status'], text.length, text.slice(0, 30)];
}

(async () => {
  for (const secure of [false, true]) {
    const server = secure ? http2.createSecureServer({ key, cert }) : http2.createServer();
    await serve(server);
    const session = http2.connect(`${secure ? 'https' : 'http'}://localhost:${server.address().port}`,
      { ca: cert, lookup: (name, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) });
    await once(session, 'connect');
    console.log(session.encrypted, session.alpnProtocol);
    console.log(await Promise.all(Array.from({ length: 30 }, (_, i) => ask(session, `/${i}`))));
    console.log(await ask(session, '/none'), await ask(session, '/echo', 'y'.repeat(500000)));
    const hanging = session.request({ ':path': '/hang' });
    await once(hanging, 'response');
    hanging.close(http2.constants.NGHTTP2_CANCEL);
    await once(hanging, 'close');
    console.log('reset', hanging.rstCode);
    session.close();
    await once(session, 'close');
    await new Promise((done) => server.close(done));
  }
  console.log('closed');
})();
