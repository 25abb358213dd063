#!/bin/sh
# CMake configures a small project and builds it; CTest runs its tests, several at once.
set -e
cmake -S "$(dirname "$0")/cmake" -B build
cmake --build build --parallel 2
cd build
ctest --parallel 4 --output-on-failure --timeout 30 --exclude-regex sleeps
if ctest --tests-regex sleeps > log; then exit 1; fi
grep 'sleeps .*Timeout' log
