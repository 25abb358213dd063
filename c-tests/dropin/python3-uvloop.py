"""What asyncio servers do, on Debian's uvloop, which links libuv (the one from PyPI has its own inside)."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time

import uvloop


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def exchange(reader, writer, size=1_000_000):
    sent = os.urandom(size)

    async def send():
        for start in range(0, size, 70_000):
            writer.write(sent[start:start + 70_000])
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    sender = asyncio.create_task(send())
    assert await reader.readexactly(size) == sent
    await sender
    writer.close()
    await writer.wait_closed()


async def tcp():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*[exchange(*await asyncio.open_connection("127.0.0.1", port), 200_000) for _ in range(10)])
    server.close()
    await server.wait_closed()
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return
    raise AssertionError("the port is still open")


async def unix():
    server = await asyncio.start_unix_server(echo, "unix.socket")
    await exchange(*await asyncio.open_unix_connection("unix.socket"))
    server.close()
    await server.wait_closed()


async def tls():
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost".split(), check=True, capture_output=True)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain("cert.pem", "key.pem")
    theirs = ssl.create_default_context(cafile="cert.pem")
    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=ours)
    port = server.sockets[0].getsockname()[1]
    await exchange(*await asyncio.open_connection("127.0.0.1", port, ssl=theirs, server_hostname="localhost"))
    server.close()
    await server.wait_closed()


class Answer(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        self.transport.sendto(data.upper(), peer)


class Ask(asyncio.DatagramProtocol):
    def __init__(self, count):
        self.left, self.done = count, asyncio.get_running_loop().create_future()

    def datagram_received(self, data, peer):
        assert data == b"DATAGRAM"
        self.left -= 1
        if self.left == 0:
            self.done.set_result(None)


async def udp():
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Answer, local_addr=("127.0.0.1", 0))
    address = server.get_extra_info("sockname")
    for remote in [address, None]:
        client, ask = await loop.create_datagram_endpoint(
            lambda: Ask(50), local_addr=None if remote else ("127.0.0.1", 0), remote_addr=remote)
        for _ in range(50):
            client.sendto(b"datagram", None if remote else address)
            await asyncio.sleep(0)
        await ask.done
        client.close()
    server.close()


async def subprocesses():
    cat = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    out, _ = await cat.communicate(b"x" * 500_000)
    assert (len(out), cat.returncode) == (500_000, 0)
    shell = await asyncio.create_subprocess_shell("echo out; echo err >&2; exit 7", stdout=-1, stderr=-1)
    assert (await shell.communicate(), shell.returncode) == ((b"out\n", b"err\n"), 7)
    many = [await asyncio.create_subprocess_exec("true") for _ in range(20)]
    assert await asyncio.gather(*[child.wait() for child in many]) == [0] * 20
    sleeper = await asyncio.create_subprocess_exec("sleep", "60")
    sleeper.terminate()
    assert await sleeper.wait() == -signal.SIGTERM
    try:
        await asyncio.create_subprocess_exec("/does/not/exist")
    except FileNotFoundError:
        return
    raise AssertionError("a program that does not exist was started")


async def signals():
    loop, got = asyncio.get_running_loop(), asyncio.Queue()
    for number in (signal.SIGUSR1, signal.SIGHUP):
        loop.add_signal_handler(number, got.put_nowait, number)
        os.kill(os.getpid(), number)
        assert await asyncio.wait_for(got.get(), 5) == number
        loop.remove_signal_handler(number)


async def timers():
    loop, order = asyncio.get_running_loop(), []
    start = loop.time()
    for delay in (0.03, 0.01, 0.02):
        loop.call_later(delay, order.append, delay)
    await asyncio.sleep(0.05)
    assert order == [0.01, 0.02, 0.03] and loop.time() - start >= 0.049
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.02)
    except asyncio.TimeoutError:
        return
    raise AssertionError("no timeout")


async def threads():
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, lambda: time.sleep(0.01) or 5) == 5
    assert (await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))[0][4] == ("127.0.0.1", 80)
    assert await loop.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV) == ("127.0.0.1", "80")


async def descriptors():
    """Descriptors of the program's own: plain sockets, readers and writers, pipes."""
    loop = asyncio.get_running_loop()
    a, b = socket.socketpair()
    a.setblocking(False), b.setblocking(False)
    receiver = asyncio.create_task(loop.sock_recv(b, 100))
    await asyncio.sleep(0.01)
    await loop.sock_sendall(a, b"plain")
    assert await receiver == b"plain"
    seen = loop.create_future()
    loop.add_reader(b, lambda: seen.done() or seen.set_result(b.recv(100)))
    loop.add_writer(a, lambda: (a.send(b"ready"), loop.remove_writer(a)))
    assert await asyncio.wait_for(seen, 5) == b"ready"
    loop.remove_reader(b)
    read, write = os.pipe()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb"))
    transport, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(write, "wb"))
    transport.write(b"pipe")
    transport.close()
    assert await reader.read() == b"pipe"
    a.close(), b.close()


async def driver():
    library, ring = os.environ["UVRING_DROPIN_LIBRARY"], os.environ["UVRING_DROPIN_RING"]
    assert library in open("/proc/self/maps").read()
    links = []
    for name in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink("/proc/self/fd/" + name))
        except FileNotFoundError:
            pass
    # A ring is made for file operations, of which uvloop has none: only where there may be none is the answer certain.
    assert ring != "no" or not any("io_uring" in link for link in links), links


for part in (tcp, unix, tls, udp, subprocesses, signals, timers, threads, descriptors, driver):
    if part is tls and not shutil.which("openssl"):
        print("left out tls: there is no openssl")
        continue
    uvloop.install()
    try:
        asyncio.run(asyncio.wait_for(part(), 15))
    except BaseException:
        print("FAILED", part.__name__, flush=True)
        raise
    print("ok", part.__name__, flush=True)
sys.exit(0)
