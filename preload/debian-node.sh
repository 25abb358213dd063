#!/bin/sh
# usage: debian-node.sh FOLDER
# Unpacks Debian's Node.js, which links libuv.so.1, into FOLDER, beside whatever Node.js is installed, and writes FOLDER/node,
# which runs it. Needs apt and the right to mount (root, or user namespaces): Debian's build reads files in /usr/share/nodejs,
# which are laid over /usr/share in a mount namespace of its own.
set -eu
mkdir -p "$1/debs"
cd "$1"
root=$PWD/root
machine=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
# Of several repositories that have a nodejs, Debian's: the one whose version libnode108 has, too.
version=$(apt-cache policy libnode108 | sed -n 's/^ *Candidate: //p')
(cd debs && apt-get download "nodejs=$version" "libnode108=$version" libc-ares2 libnghttp2-14 libicu72 libbrotli1 libssl3 \
  node-acorn node-cjs-module-lexer node-undici node-busboy)
for package in debs/*.deb; do dpkg -x "$package" "$root"; done
own=
[ "$(id -u)" = 0 ] || own=-r
cat > node <<END
#!/bin/sh
export LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+\$LD_LIBRARY_PATH:}$root/usr/lib/$machine"
exec unshare $own -m sh -c 'mount -t overlay overlay -o lowerdir=$root/usr/share:/usr/share /usr/share && exec "\$@"' sh \\
  $root/usr/bin/node "\$@"
END
chmod +x node
./node -p '"Node.js " + process.version'
