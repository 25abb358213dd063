#!/bin/sh
# usage: packaging/build-deb.sh OUT_DIR [BUILT_DIR]
# Builds the Debian packages into OUT_DIR, from what cargo has built in BUILT_DIR (target/release, built if it is not there). Needs
# dpkg-dev and debhelper.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
built=${2:-$root/target/release}
[ -e "$built/libuv.so" ] || (cd "$root" && "${CARGO:-cargo}" build --release --locked --package uvring --package preload)
built=$(cd "$built" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/uvring"
cp -R "$root/install.sh" "$root/Cargo.toml" "$root/include" "$root/packaging" "$work/uvring/"
cp -R "$root/packaging/debian" "$work/uvring/debian"

# The names that the library exports, each since the first package.
{
  echo 'libuv.so.1 uvring-libuv1 #MINVER#'
  nm --dynamic --defined-only --extern-only "$built/libuv.so" | awk '{ print " " $3 "@Base 0.1.0" }' | LC_ALL=C sort
} > "$work/uvring/debian/uvring-libuv1.symbols"

(cd "$work/uvring" && UVRING_BUILT=$built dpkg-buildpackage --build=binary --unsigned-changes --no-sign --no-check-builddeps)
cp "$work"/*.deb "$out/"
