# What the programs of `uvring bench --programs` have in common. Each file beside this one has some cases, as functions: `prepare_CASE` once, in
# an empty folder; then for each run `reset_CASE`, which is not measured, and `work_CASE`, which is, or `serve_CASE` and `load_CASE`.
#
# $ON says on what it runs: `stock`, `ring` or `epoll`; $UVRING is the command. $FULL is empty where everything is to be small. $KEPT is a folder
# that later runs find again, $HERE the one of these files, $SERVED the port of a server on 127.0.0.1, $LOAD the program that asks it.
# Who exits with 77 lacks what he last complains about.

# Becomes the program.
under() {
  case $ON in
    stock) exec "$@" ;;
    ring) exec "$UVRING" run -- "$@" ;;
    epoll) exec "$UVRING" run --no-ring -- "$@" ;;
  esac
}

many() { [ -n "$FULL" ] && echo "$1" || echo "$2"; }

# Says that the case cannot be run here, and why.
lacks() {
  echo "$*" >&2
  exit 77
}

# npm's packages of these names and versions in the folder $KEPT/npm, with a cache beside it that has all that is asked for again.
packages='rollup@4.24.0 typescript@5.6.3 webpack@5.95.0 webpack-cli@5.1.4'
install="npm --cache $KEPT/npm-cache --prefer-offline --no-audit --no-fund --loglevel=error --fetch-retries=1"
fetch_packages() {
  [ ! -e "$KEPT/npm/complete" ] || return 0
  [ -n "$FULL" ] || lacks "npm's packages were not fetched yet, which a run that is not --quick does"
  rm -rf "$KEPT/npm"
  mkdir -p "$KEPT/npm"
  echo '{"name":"project","version":"1.0.0","private":true}' > "$KEPT/npm/package.json"
  (cd "$KEPT/npm" && timeout 300 sh -c "$install install --save-exact $packages && $install ci" > log 2>&1) ||
    lacks "npm cannot fetch $packages here"
  touch "$KEPT/npm/complete"
}
