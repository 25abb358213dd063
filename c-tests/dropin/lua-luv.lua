-- The breadth of libuv's interface, from Lua: each part runs the loop until it is empty.

local uv = require('luv')

local function check(what, ok)
  if not ok then error(tostring(what), 2) end
end

local parts = {}

function parts.timers()
  local order, timer = {}, uv.new_timer()
  for _, delay in ipairs({ 30, 10, 20 }) do
    local t = uv.new_timer()
    t:start(delay, 0, function() order[#order + 1] = delay t:close() end)
  end
  local ticks = 0
  timer:start(1, 2, function()
    ticks = ticks + 1
    if ticks == 5 then timer:close() end
  end)
  uv.run()
  check('order', table.concat(order, ' ') == '10 20 30')
end

function parts.watchers()
  local calls = {}
  local prepare, idle, look, async = uv.new_prepare(), uv.new_idle(), uv.new_check(), nil
  async = uv.new_async(function(a, b) calls.async = a + b async:close() end)
  prepare:start(function() calls.prepare = true prepare:close() end)
  idle:start(function() calls.idle = true idle:close() end)
  look:start(function() calls.look = true look:close() async:send(1, 2) end)
  uv.run()
  check('all called', calls.prepare and calls.idle and calls.look and calls.async == 3)
end

local function echo(make, bind, connect)
  local server, client, got = make(), make(), {}
  bind(server)
  server:listen(8, function(err)
    check(err, not err)
    local peer = make()
    server:accept(peer)
    peer:read_start(function(_, data)
      if data then peer:write(data) else peer:shutdown(function() peer:close() server:close() end) end
    end)
  end)
  connect(server, client, function(err)
    check(err, not err)
    client:write({ string.rep('a', 100000), string.rep('b', 100000) }, function()
      client:shutdown()
    end)
    client:read_start(function(_, data)
      if data then got[#got + 1] = data else client:close() end
    end)
  end)
  uv.run()
  check('bytes', table.concat(got) == string.rep('a', 100000) .. string.rep('b', 100000))
end

function parts.tcp()
  echo(uv.new_tcp, function(server)
    server:bind('127.0.0.1', 0)
    server:nodelay(true)
  end, function(server, client, done)
    client:connect('127.0.0.1', server:getsockname().port, done)
  end)
end

function parts.pipes()
  echo(function() return uv.new_pipe(false) end, function(server) server:bind('pipe.socket') end,
    function(_, client, done) client:connect('pipe.socket', done) end)
  local ends, text = uv.pipe(), nil
  local read, write = uv.new_pipe(), uv.new_pipe()
  read:open(ends.read)
  write:open(ends.write)
  read:read_start(function(_, data)
    if data then text = (text or '') .. data else read:close() end
  end)
  check('try_write', write:try_write('half') == 4)
  write:write(' and half', function() write:close() end)
  uv.run()
  check(text, text == 'half and half')
end

function parts.udp()
  local server, client, count = uv.new_udp(), uv.new_udp(), 0
  server:bind('127.0.0.1', 0)
  server:recv_start(function(err, data, peer)
    check(err, not err)
    if data then server:send(data:upper(), peer.ip, peer.port) end
  end)
  client:recv_start(function(_, data)
    if not data then return end
    check(data, data == 'PING')
    count = count + 1
    if count == 20 then client:close() server:close() end
  end)
  for _ = 1, 20 do client:send('ping', '127.0.0.1', server:getsockname().port) end
  uv.run()
  check(count, count == 20)
end

function parts.files()
  local fd = assert(uv.fs_open('file', 'w+', 420))
  check('write', uv.fs_write(fd, { 'hello ', 'world' }, 0) == 11)
  check('read', uv.fs_read(fd, 100, 6) == 'world')
  uv.fs_fsync(fd)
  uv.fs_ftruncate(fd, 5)
  check('fstat', uv.fs_fstat(fd).size == 5)
  uv.fs_close(fd)
  assert(uv.fs_copyfile('file', 'copy'))
  assert(uv.fs_link('file', 'link'))
  assert(uv.fs_symlink('file', 'symlink'))
  check('readlink', uv.fs_readlink('symlink') == 'file')
  check('realpath', uv.fs_realpath('symlink') == uv.cwd() .. '/file')
  assert(uv.fs_chmod('copy', 256))
  assert(uv.fs_utime('copy', 1000, 2000))
  check('mtime', uv.fs_stat('copy').mtime.sec == 2000)
  check('lstat', uv.fs_lstat('symlink').type == 'link')
  assert(uv.fs_access('file', 'R'))
  local folder = assert(uv.fs_mkdtemp('folder-XXXXXX'))
  assert(uv.fs_mkdir(folder .. '/inner', 493))
  assert(uv.fs_rename('copy', folder .. '/moved'))
  local seen = {}
  local scan = uv.fs_scandir(folder)
  for name, kind in function() return uv.fs_scandir_next(scan) end do seen[name] = kind end
  check('scandir', seen.inner == 'directory' and seen.moved == 'file')
  local dir, total = uv.fs_opendir(folder, nil, 10), 0
  for entries in function() return uv.fs_readdir(dir) end do total = total + #entries end
  uv.fs_closedir(dir)
  check('readdir', total == 2)
  local _, _, code = uv.fs_stat('nothing')
  check(code, code == 'ENOENT')
  local done = 0
  for i = 1, 50 do
    uv.fs_open('async' .. i, 'w', 420, function(err, file)
      check(err, not err)
      uv.fs_write(file, 'x', -1, function()
        uv.fs_close(file, function()
          uv.fs_unlink('async' .. i, function() done = done + 1 end)
        end)
      end)
    end)
  end
  uv.run()
  check('async', done == 50)
  check('statfs', uv.fs_statfs('.').blocks > 0)
end

function parts.watching()
  local event, poll, seen = uv.new_fs_event(), uv.new_fs_poll(), {}
  assert(uv.fs_mkdir('watched', 493))
  event:start('watched', {}, function(err, name)
    check(err, not err)
    seen.event = name
    event:close()
  end)
  poll:start('watched', 20, function() seen.poll = true poll:close() end)
  local timer = uv.new_timer()
  timer:start(40, 0, function() uv.fs_close(uv.fs_open('watched/new', 'w', 420)) timer:close() end)
  uv.run()
  check(seen.event, seen.event == 'new' and seen.poll)
end

function parts.processes()
  local out, result = uv.new_pipe(false), nil
  local text = ''
  local child
  child = uv.spawn('sh', { args = { '-c', 'echo $ONE; pwd; exit 3' }, stdio = { nil, out, 2 }, cwd = '/', env = { 'ONE=1' } },
    function(code, signal) result = { code, signal } child:close() end)
  out:read_start(function(_, data)
    if data then text = text .. data else out:close() end
  end)
  uv.run()
  check(text, text == '1\n/\n' and result[1] == 3 and result[2] == 0)
  child = uv.spawn('sleep', { args = { '60' } }, function(_, signal) result = signal child:close() end)
  child:kill('sigterm')
  uv.run()
  check(result, result == 15)
  local _, _, code = uv.spawn('/does/not/exist', {}, function() end)
  check(code, code == 'ENOENT')
end

function parts.signals()
  local signal, got = uv.new_signal(), nil
  signal:start('sigusr1', function(name) got = name signal:close() end)
  uv.kill(uv.os_getpid(), 'sigusr1')
  uv.run()
  check(got, got == 'sigusr1')
end

function parts.threads()
  local result
  local work = uv.new_work(function(n) return n * 2 end, function(value) result = value end)
  work:queue(21)
  uv.run()
  check(result, result == 42)
  local random
  uv.random(16, 0, function(_, bytes) random = bytes end)
  uv.run()
  check('random', #random == 16)
end

function parts.names()
  local found, name
  uv.getaddrinfo('127.0.0.1', '80', { socktype = 'stream' }, function(err, list) check(err, not err) found = list end)
  uv.getnameinfo({ ip = '127.0.0.1', port = 80 }, function(err, host) check(err, not err) name = host end)
  uv.run()
  check('getaddrinfo', found[1].addr == '127.0.0.1' and found[1].port == 80)
  check('getnameinfo', #name > 0)
end

function parts.polling()
  local ends, seen = uv.socketpair('stream', nil, {}, {}), nil
  local poll, pipe = uv.new_poll(ends[1]), uv.new_pipe(false)
  pipe:open(ends[2])
  poll:start('r', function(err, events) check(err, not err) seen = events poll:close() pipe:close() end)
  pipe:write('x')
  uv.run()
  check(seen, seen == 'r')
end

function parts.system()
  check('cpus', #uv.cpu_info() > 0)
  check('interfaces', uv.interface_addresses().lo)
  check('memory', uv.get_total_memory() > 0 and uv.resident_set_memory() > 0)
  check('uname', uv.os_uname().sysname == 'Linux')
  check('environment', uv.os_setenv('UVRING', 'x') and uv.os_getenv('UVRING') == 'x')
  check('home', #uv.os_homedir() > 0 and #uv.os_tmpdir() > 0)
  check('times', uv.hrtime() > 0 and uv.uptime() > 0 and uv.getrusage().utime)
  check('exepath', uv.exepath():match('lua'))
  check('handles', uv.guess_handle(0) ~= nil)
  uv.walk(function(handle) check('nothing is left open: ' .. tostring(handle), handle:is_closing()) end)
end

-- Which library and which driver run this.
function parts.driver()
  local file = io.open('/proc/self/maps')
  check('the library', file:read('*a'):find(os.getenv('UVRING_DROPIN_LIBRARY'), 1, true))
  file:close()
  local ring, found = os.getenv('UVRING_DROPIN_RING'), false
  local scan = uv.fs_scandir('/proc/self/fd')
  for name in function() return uv.fs_scandir_next(scan) end do
    found = found or (uv.fs_readlink('/proc/self/fd/' .. name) or ''):find('io_uring', 1, true) ~= nil
  end
  check('a ring: ' .. tostring(found), ring == '' or found == (ring == 'yes'))
end

for _, name in ipairs({ 'timers', 'watchers', 'tcp', 'pipes', 'udp', 'files', 'watching', 'processes', 'signals', 'threads', 'names',
  'polling', 'system', 'driver' }) do
  local ok, err = xpcall(parts[name], debug.traceback)
  print((ok and 'ok ' or 'FAILED ') .. name .. (ok and '' or ': ' .. tostring(err)))
  io.stdout:flush()
  if not ok then os.exit(1) end
end
