// An HTTP server that says hello. It prints its port, and ends with its standard input.
'use strict';
const http = require('http');

const server = http.createServer((request, response) => {
  if (request.url === '/collect') gc();
  response.end('hello world\n');
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', 4096, () => console.log(server.address().port));
process.stdin.on('end', () => process.exit()).resume();
