"""A server on uvloop. Arguments: echo or http, and the port."""

import asyncio
import sys

import uvloop

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello world\n"


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Http(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.request = b""

    def data_received(self, data):
        self.request += data
        while b"\r\n\r\n" in self.request:
            head, self.request = self.request.split(b"\r\n\r\n", 1)
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
            self.transport.write(ANSWER if b"Host" in fields else b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


async def main():
    protocol = {"echo": Echo, "http": Http}[sys.argv[1]]
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", int(sys.argv[2]), backlog=1024)
    await server.serve_forever()


uvloop.install()
asyncio.run(main())
