#!/bin/sh
# Builds the library and installs it: shared, as an archive, headers, pkg-config and CMake files, the preload library, the command
# `uvring` with its manual pages and completions. Needs Rust and a C compiler with binutils.
set -eu

usage() {
  cat <<'TEXT'
usage: ./install.sh [--prefix=DIR] [--libdir=DIR] [--includedir=DIR] [--destdir=DIR] [--build=DIR] [--no-strip] [--replace]

  --prefix=DIR      where to install: /opt/uvring unless told otherwise
  --libdir=DIR      the libraries: PREFIX/lib. As a path below PREFIX, or absolute
  --includedir=DIR  the headers: PREFIX/include
  --destdir=DIR     put everything below DIR, for packages; paths in the files stay those of PREFIX
  --build=DIR       install what cargo has built in DIR, and build nothing
  --no-strip        leave debug information where it is, not in LIBDIR/.debug; for packages
  --replace         install over a libuv.so.1 that is another library
TEXT
}

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

prefix=/opt/uvring libdir='' includedir='' destdir='' built='' strip=yes replace=no
for argument; do
  case $argument in
    --prefix=*) prefix=${argument#*=} ;;
    --libdir=*) libdir=${argument#*=} ;;
    --includedir=*) includedir=${argument#*=} ;;
    --destdir=*) destdir=${argument#*=} ;;
    --build=*) built=${argument#*=} ;;
    --no-strip) strip=no ;;
    --replace) replace=yes ;;
    --help | -h) usage && exit ;;
    *) usage >&2 && fail "unknown option $argument" ;;
  esac
done
case $prefix in /*) ;; *) fail "--prefix has to be absolute: $prefix" ;; esac
case $libdir in '') libdir=$prefix/lib ;; /*) ;; *) libdir=$prefix/$libdir ;; esac
case $includedir in '') includedir=$prefix/include ;; /*) ;; *) includedir=$prefix/$includedir ;; esac

root=$(cd "$(dirname "$0")" && pwd)
lib=$destdir$libdir

# Whoever installs into a folder with a libuv of another maker replaces it for every program on the machine.
if [ -e "$lib/libuv.so.1" ] && [ "$replace" = no ] && ! grep -q uvring_version "$lib/libuv.so.1"; then
  fail "$lib/libuv.so.1 is another library; --replace installs over it, another --prefix beside it"
fi

if [ -z "$built" ]; then
  built=${CARGO_TARGET_DIR:-$root/target}/release
  (cd "$root" && "${CARGO:-cargo}" build --release --locked --package uvring --package preload)
fi
for file in libuv.so libuv.a libuvring_preload.so uvring; do
  [ -e "$built/$file" ] || fail "no $built/$file"
done
built=$(cd "$built" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Puts the library $1 at $2 without what only a debugger wants, and that into a file beside it, where debuggers look for it.
stripped() {
  install -D -m 644 "$1" "$2"
  [ "$strip" = yes ] || return 0
  debug_file=$(dirname "$2")/.debug/$(basename "$2").debug
  mkdir -p "$(dirname "$debug_file")"
  "${OBJCOPY:-objcopy}" --only-keep-debug "$1" "$debug_file"
  chmod 644 "$debug_file"
  "${STRIP:-strip}" --strip-unneeded "$2"
  "${OBJCOPY:-objcopy}" --add-gnu-debuglink="$debug_file" "$2"
}

stripped "$built/libuv.so" "$lib/libuv.so.1.0.0"
ln -sf libuv.so.1.0.0 "$lib/libuv.so.1"
ln -sf libuv.so.1 "$lib/libuv.so"
stripped "$built/libuvring_preload.so" "$lib/libuvring_preload.so"
install -D -m 755 "$built/uvring" "$destdir$prefix/bin/uvring"
[ "$strip" = no ] || "${STRIP:-strip}" "$destdir$prefix/bin/uvring"

# cargo's archive shows the names of Rust's standard library, too, and carries bitcode.
sh "$root/packaging/hide.sh" "$built/libuv.a" "$work/libuv.a"
"${STRIP:-strip}" --strip-debug "$work/libuv.a"
install -m 644 "$work/libuv.a" "$lib/libuv.a"

(cd "$root/include" && find . -name '*.h') | while read -r header; do
  install -D -m 644 "$root/include/$header" "$destdir$includedir/$header"
done

number() { sed -n "s/^#define UV_VERSION_$1 *//p" "$root/include/uv/version.h"; }
version=$(number MAJOR).$(number MINOR).$(number PATCH)
uvring=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)

# Fills the template $1 in and puts it at $2.
filled() {
  mkdir -p "$(dirname "$2")"
  sed -e "s|@prefix@|$prefix|g" -e "s|@libdir@|$libdir|g" -e "s|@includedir@|$includedir|g" \
    -e "s|@version@|$version|g" -e "s|@uvring@|$uvring|g" "$root/packaging/$1" > "$2"
  chmod 644 "$2"
}
filled libuv.pc.in "$lib/pkgconfig/libuv.pc"
filled libuv-static.pc.in "$lib/pkgconfig/libuv-static.pc"
filled cmake/libuvConfig.cmake.in "$lib/cmake/libuv/libuvConfig.cmake"
filled cmake/libuvConfigVersion.cmake.in "$lib/cmake/libuv/libuvConfigVersion.cmake"

# The command writes these itself, so that they say what it does.
"$built/uvring" generate "$work/generated"
share=$destdir$prefix/share
for page in "$work"/generated/*.1; do
  install -D -m 644 "$page" "$share/man/man1/$(basename "$page")"
done
install -D -m 644 "$work/generated/uvring.bash" "$share/bash-completion/completions/uvring"
install -D -m 644 "$work/generated/_uvring" "$share/zsh/site-functions/_uvring"
install -D -m 644 "$work/generated/uvring.fish" "$share/fish/vendor_completions.d/uvring.fish"

[ -n "$destdir" ] || cat <<TEXT
uvring $uvring is installed in $prefix.
  $prefix/bin/uvring run -- PROGRAM         runs a program on it
  $prefix/bin/uvring doctor                 tells whether io_uring may be used here
  PKG_CONFIG_PATH=$libdir/pkgconfig         compiles programs against it
TEXT
