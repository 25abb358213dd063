-- What editors and their plugins do, in `nvim --headless -u NONE -n -c 'luafile nvim.lua'`.

local uv = vim.loop

local function check(what, ok)
  if not ok then error(what, 2) end
end

local function wait(what, done)
  check(what .. ' did not happen', vim.wait(5000, done, 5))
end

local parts = {}

function parts.files()
  local name = 'a file'
  vim.fn.writefile({ 'one', 'two' }, name)
  check('writefile', uv.fs_stat(name).size == 8)
  vim.cmd('edit a\\ file')
  vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'changed' })
  vim.cmd('write')
  check('write', vim.fn.readfile(name)[1] == 'changed')
  local text
  uv.fs_open(name, 'r', 438, function(err, fd)
    check(err, not err)
    uv.fs_fstat(fd, function(_, stat)
      uv.fs_read(fd, stat.size, 0, function(_, data)
        uv.fs_close(fd, function() text = data end)
      end)
    end)
  end)
  wait('reading a file', function() return text == 'changed\ntwo\n' end)
  local names = {}
  local scan = uv.fs_scandir('.')
  for found in function() return uv.fs_scandir_next(scan) end do names[found] = true end
  check('scandir', names[name])
end

function parts.timers()
  local ticks, timer = 0, uv.new_timer()
  timer:start(5, 5, vim.schedule_wrap(function()
    ticks = ticks + 1
    if ticks == 5 then timer:close() end
  end))
  local deferred = false
  vim.defer_fn(function() deferred = true end, 10)
  wait('timers', function() return ticks >= 5 and deferred end)
end

function parts.tcp()
  local server, got = uv.new_tcp(), {}
  server:bind('127.0.0.1', 0)
  server:listen(16, function()
    local peer = uv.new_tcp()
    server:accept(peer)
    peer:read_start(function(_, data)
      if data then peer:write(data) else peer:close() end
    end)
  end)
  local size = 300000
  local client = uv.new_tcp()
  client:connect('127.0.0.1', server:getsockname().port, function(err)
    check(err, not err)
    client:write(string.rep('x', size))
    client:shutdown()
    client:read_start(function(_, data)
      if data then got[#got + 1] = data else client:close() end
    end)
  end)
  wait('the echo', function() return client:is_closing() end)
  check('all bytes', #table.concat(got) == size)
  server:close()
end

function parts.jobs()
  local out, code = {}, nil
  local job = vim.fn.jobstart({ 'cat' }, {
    on_stdout = function(_, data) out[#out + 1] = table.concat(data, '\n') end,
    on_exit = function(_, status) code = status end,
  })
  vim.fn.chansend(job, 'through a pipe\n')
  vim.fn.chanclose(job, 'stdin')
  wait('the job', function() return code == 0 end)
  check('its output', table.concat(out) == 'through a pipe\n')
  check('system()', vim.fn.system({ 'tr', 'a', 'b' }, 'banana') == 'bbnbnb')
  local sum = 0
  for i = 1, 8 do vim.fn.jobstart({ 'sh', '-c', 'exit ' .. i }, { on_exit = function(_, status) sum = sum + status end }) end
  wait('the end of 8 jobs', function() return sum == 36 end)
  check('jobwait()', vim.fn.jobwait({ vim.fn.jobstart({ 'sh', '-c', 'sleep 0.05; exit 4' }) }, 5000)[1] == 4)
  local stopped
  vim.fn.jobstop(vim.fn.jobstart({ 'sleep', '60' }, { on_exit = function(_, status) stopped = status end }))
  wait('jobstop()', function() return stopped == 143 end)
end

function parts.terminal()
  vim.cmd('enew')
  local code
  local job = vim.fn.termopen({ 'sh', '-c', 'read line; echo "it says $line"; stty size; tty' }, {
    on_exit = function(_, status) code = status end,
  })
  vim.fn.chansend(job, 'hello\r')
  wait('the terminal', function() return code == 0 end)
  local text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  check('its text: ' .. text, text:find('it says hello', 1, true) and text:find('/dev/pts/', 1, true))
end

function parts.rpc()
  local address = vim.fn.serverstart(vim.fn.getcwd() .. '/rpc.socket')
  local child = vim.fn.jobstart({ vim.v.progpath, '--embed', '--headless', '-u', 'NONE', '-n' }, { rpc = true })
  check('rpcrequest() over pipes', vim.fn.rpcrequest(child, 'nvim_eval', '6 * 7') == 42)
  -- The other process connects to this one's socket and asks back.
  local ask = [[
    local channel = vim.fn.sockconnect('pipe', ..., { rpc = true })
    local text = vim.fn.rpcrequest(channel, 'nvim_eval', 'toupper("over a socket")')
    vim.fn.rpcrequest(channel, 'nvim_set_var', 'answer', text)
  ]]
  vim.fn.rpcnotify(child, 'nvim_exec_lua', ask, { address })
  wait('the request over a socket', function() return vim.g.answer == 'OVER A SOCKET' end)
  vim.fn.rpcnotify(child, 'nvim_command', 'qall!')
  check('the end of the other', vim.fn.jobwait({ child }, 5000)[1] == 0)
  vim.fn.serverstop(address)
end

function parts.watching()
  local seen, event = false, uv.new_fs_event()
  event:start('.', {}, function(_, name) seen = seen or name == 'watched' end)
  vim.fn.writefile({}, 'watched')
  wait('the change', function() return seen end)
  event:close()
end

-- Which library and which driver run this.
function parts.driver()
  local library, ring = vim.env.UVRING_DROPIN_LIBRARY, vim.env.UVRING_DROPIN_RING or ''
  check('the library', table.concat(vim.fn.readfile('/proc/self/maps'), '\n'):find(library, 1, true))
  local found = false
  for _, fd in ipairs(vim.fn.glob('/proc/self/fd/*', false, true)) do
    found = found or (uv.fs_readlink(fd) or ''):find('io_uring', 1, true) ~= nil
  end
  -- A ring is made for file operations in uv_run(UV_RUN_DEFAULT), of which neovim has none: only where there may be none
  -- is the answer certain.
  check('a ring: ' .. tostring(found), ring ~= 'no' or not found)
end

for _, name in ipairs({ 'files', 'timers', 'tcp', 'jobs', 'terminal', 'rpc', 'watching', 'driver' }) do
  local ok, err = xpcall(parts[name], debug.traceback)
  io.stdout:write((ok and 'ok ' or 'FAILED ') .. name .. (ok and '' or ': ' .. tostring(err)) .. '\n')
  if not ok then vim.cmd('cquit 1') end
end
vim.cmd('qall!')
