# An HTTP server that says hello, in Node.js and in Python on uvloop, and uvloop's echo.

get() { printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' > request; }

prepare_http() { get; }
serve_http() { under node -e 'require("http").createServer((request, response) => response.end("hello world\n"))
  .listen(+process.argv[1], "127.0.0.1", 4096)' "$SERVED"; }
load_http() { exec "$LOAD" tcp "$SERVED" 50 "$1" request; }

prepare_uvloop_echo() { head -c 1024 /dev/zero | tr '\0' x > request; }
serve_uvloop_echo() { under /usr/bin/python3 "$HERE/server.py" echo "$SERVED"; }
load_uvloop_echo() { exec "$LOAD" tcp "$SERVED" 50 "$1" request; }

prepare_uvloop_http() { get; }
serve_uvloop_http() { under /usr/bin/python3 "$HERE/server.py" http "$SERVED"; }
load_uvloop_http() { exec "$LOAD" tcp "$SERVED" 50 "$1" request; }
