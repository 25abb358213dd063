#!/bin/sh
# usage: hide.sh FROM/libuv.a TO/libuv.a
# Makes an archive that shows libuv's and uvring's names only. cargo's also shows those of Rust's standard library, so a program
# cannot link it together with another Rust archive that was built with link-time optimisation.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"${LD:-ld}" -r --whole-archive "$1" -o "$dir/uv.o"
# DW.ref.* stands once in a program, whoever brings it. .llvmbc is bitcode for an optimisation that is over.
"${OBJCOPY:-objcopy}" --wildcard --keep-global-symbol='uv_*' --keep-global-symbol='uvring_*' \
  --keep-global-symbol=uv__node_patch_is_using_io_uring --keep-global-symbol='DW.ref.*' \
  --remove-section=.llvmbc --remove-section=.llvmcmd "$dir/uv.o"
rm -f "$2"
"${AR:-ar}" crs "$2" "$dir/uv.o"
