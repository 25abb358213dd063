// Requests on one kept connection, pipelined requests on a plain socket, chunks both ways, an abort.
'use strict';
const http = require('http');
const net = require('net');
const { once } = require('events');

const server = http.createServer(async (request, response) => {
  if (request.url === '/echo') {
    response.writeHead(200, { 'x-method': request.method });
    return void request.pipe(response);
  }
  if (request.url === '/hang') return void response.write('begun');
  response.end(`you asked for ${request.url}`);
});

function ask(agent, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ port: server.address().port, agent, path, method: body ? 'POST' : 'GET' });
    request.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => { text += part; })
        .on('end', () => resolve({ status: response.statusCode, length: text.length, text: text.slice(0, 40), reused: request.reusedSocket }));
    });
    if (body) for (const part of body) request.write(part);
    request.end();
  });
}

(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (const path of ['/1', '/2', '/3']) console.log(await ask(agent, path));
  console.log(await ask(agent, '/echo', Array(100).fill('x'.repeat(10000))));
  const several = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(new http.Agent(), `/p${i}`)));
  console.log(several.map((answer) => answer.text).join());

  const raw = net.connect(server.address().port, '127.0.0.1');
  raw.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let all = '';
  for await (const part of raw.setEncoding('latin1')) all += part;
  console.log(all.match(/you asked for \/./g));

  const hanging = http.get({ port: server.address().port, path: '/hang' });
  const [answer] = await once(hanging, 'response');
  await once(answer, 'data');
  answer.on('error', (error) => console.log('aborted', error.code));
  const gone = new Promise((done) => answer.on('close', done));
  hanging.destroy();
  await gone;
  agent.destroy();
  server.closeAllConnections();
  server.close(() => console.log('closed'));
})();
