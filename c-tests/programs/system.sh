# Neovim, CMake and BIND.

# Plugins that look for files when they are loaded, as plugins do, and one that lists a folder without waiting for it.
prepare_nvim() {
  start=config/nvim/pack/all/start
  for i in $(seq "$(many 60 3)"); do
    mkdir -p "$start/plugin$i/plugin" "$start/plugin$i/lua/plugin$i"
    cat > "$start/plugin$i/plugin/plugin$i.lua" <<LUA
local plugin = require("plugin$i")
plugin.setup({ name = "plugin$i" })
vim.api.nvim_create_user_command("Plugin$i", plugin.run, {})
LUA
    cat > "$start/plugin$i/lua/plugin$i/init.lua" <<LUA
local M = {}
function M.setup(options)
  M.options = options
  for _, name in ipairs({ ".git", "package.json", "Cargo.toml", "Makefile" }) do vim.loop.fs_stat(name) end
  vim.loop.fs_scandir("$PWD/$start/plugin$i", function(_, found)
    while found and vim.loop.fs_scandir_next(found) do end
  end)
  Unread = (Unread or 0) + 1
  vim.loop.fs_open("$PWD/$start/plugin$i/plugin/plugin$i.lua", "r", 420, function(_, fd)
    vim.loop.fs_read(fd, 4096, 0, function()
      Unread = Unread - 1
      vim.loop.fs_close(fd)
    end)
  end)
end
function M.run() return M.options.name end
return M
LUA
  done
}
work_nvim() {
  export XDG_CONFIG_HOME="$PWD/config" XDG_DATA_HOME="$PWD/data" XDG_STATE_HOME="$PWD/state"
  for _ in $(seq "$(many 20 1)"); do
    (under nvim --headless +'lua vim.wait(2000, function() return Unread == 0 end, 1)' +qa)
  done
}

prepare_cmake() {
  mkdir source
  {
    echo 'cmake_minimum_required(VERSION 3.13)'
    echo 'project(many C)'
    echo 'include(CheckIncludeFile)'
    echo 'include(CheckFunctionExists)'
    for name in unistd sys/epoll sys/event poll spawn; do echo "check_include_file($name.h HAVE_$name)"; done
    for name in fork kqueue accept4 pipe2; do echo "check_function_exists($name HAVE_$name)"; done
    for i in $(seq "$(many 300 3)"); do echo "add_subdirectory(part$i)"; done
  } > source/CMakeLists.txt
  for i in $(seq "$(many 300 3)"); do
    mkdir "source/part$i"
    echo "configure_file(part.c.in part.c @ONLY)
add_library(part$i STATIC \${CMAKE_CURRENT_BINARY_DIR}/part.c)" > "source/part$i/CMakeLists.txt"
    echo "int part$i(void) { return @CMAKE_MAJOR_VERSION@; }" > "source/part$i/part.c.in"
  done
}
reset_cmake() { rm -rf build; }
work_cmake() { under cmake -G 'Unix Makefiles' -S source -B build; }

prepare_named() {
  cat > named.conf <<END
options {
  directory "$PWD"; pid-file none; session-keyfile none; recursion no; dnssec-validation no;
  listen-on port $SERVED { 127.0.0.1; }; listen-on-v6 { none; };
};
controls { };
zone "uvring.test" { type master; file "zone"; };
END
  {
    echo '$TTL 60'
    echo '@ SOA ns hostmaster 1 3600 900 604800 60'
    echo '@ NS ns'
    echo 'ns A 127.0.0.1'
    for i in $(seq -w 0 9999); do echo "h$i A 192.0.2.1"; done
  } > zone
  # A question for the address of hNNNN.uvring.test.
  printf 'NN\1\0\0\1\0\0\0\0\0\0\5h0000\6uvring\4test\0\0\1\0\1' > request
}
serve_named() { under named -g -n 1 -c named.conf; }
load_named() { exec "$LOAD" udp "$SERVED" 50 "$1" request; }
