# What a user of the packages does, in the chroot that machine.sh has made. It needs no network.
set -eu
cd /packages
fail() {
  echo "FAILED: $*" >&2
  exit 1
}
is() {
  [ "$1" = "$2" ] || fail "\"$1\" where \"$2\" was expected"
}
apt() {
  apt-get -qqy -o Dpkg::Use-Pty=0 "$@"
}
installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}
# The library that the loader finds for a program.
links() {
  ldd "$(command -v "$1")" | sed -n 's/.*libuv\.so\.1 => \([^ ]*\) .*/\1/p'
}
run_all() {
  "$@" cmake --version | grep -q '^cmake version' || fail "cmake does not run: $*"
  "$@" nvim --headless -u NONE +'lua io.stdout:write(vim.loop.version_string())' +q | grep -qF "$version" ||
    fail "nvim is not on $version: $*"
  is "$("$@" node -p 'process.versions.uv')" "$version"
  is "$("$@" node -p 'require("fs").promises.readFile("/etc/hostname").then(() => console.log("read")), "began"')" "began
read"
}
programs='cmake neovim nodejs'
stock=$(node -p process.versions.uv)
for name in libuv1 libuv1t64; do
  if installed $name; then libuv=$name; fi
done

echo "== beside $libuv, which is $stock"
apt install ./uvring_*.deb
version=1.53.0
run_all uvring run --
uvring run --stats -- node -e 0 2>&1 | grep -q '^uvring:' || fail "no figures"
uvring doctor | sed -n 1p
version=$stock
run_all env
installed "$libuv" || fail "$libuv has gone"

echo "== in place of $libuv"
apt install ./uvring-libuv1_*.deb
version=1.53.0
run_all env
run_all uvring run --
for name in $programs; do
  installed $name || fail "$name has gone"
done
! installed "$libuv" || fail "$libuv is still there"
for name in cmake nvim; do
  grep -q uvring_version "$(links $name)" || fail "$name is on $(links $name)"
done
[ -z "$(dpkg --audit)" ] || fail "$(dpkg --audit)"
apt-get check -qq

echo "== with what compiles programs"
apt install ./uvring-dev_*.deb
[ -e /usr/include/uvring.h ] || fail "no header"
for name in uvring uvring-libuv1 uvring-dev; do
  is "$(dpkg --verify $name)" ''
done

echo "== and back"
apt purge uvring-dev
apt install "$libuv"
version=$stock
run_all env
! installed uvring-libuv1 || fail "uvring-libuv1 is still there"
apt purge uvring uvring-libuv1
for name in $programs "$libuv"; do
  installed $name || fail "$name has gone"
done
left=$(find / -xdev -name '*uvring*' -not -path '/packages*' -not -path '/proc/*')
is "$left" ''
[ -z "$(dpkg --audit)" ] || fail "$(dpkg --audit)"
echo "== done"
