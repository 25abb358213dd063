# npm, two bundlers and a compiler, on Node.js.

# From npm's cache, as where a project is installed again: what the registry's answer takes says nothing. Without a registry, and where all is to
# be small, one package of many files that lies beside the project.
prepare_npm() {
  if (fetch_packages); then
    cp "$KEPT/npm/package.json" "$KEPT/npm/package-lock.json" .
    ln -s "$KEPT/npm-cache" cache
    return
  fi
  mkdir package
  echo '{"name":"many","version":"1.0.0"}' > package/package.json
  node -e 'for (let i = 0; i < +process.argv[1]; i++)
    fs.writeFileSync(`package/${i}.js`, `module.exports = ${i};\n`.repeat(20))' "$(many 2000 50)"
  tar czf many-1.0.0.tgz package
  rm -r package
  echo '{"name":"project","version":"1.0.0","dependencies":{"many":"file:many-1.0.0.tgz"}}' > package.json
  npm install --offline --cache cache --no-audit --no-fund --loglevel=error
}
reset_npm() { rm -rf node_modules; }
work_npm() { under npm ci --offline --cache cache --no-audit --no-fund --loglevel=error; }

# A project of modules that each import three others.
prepare_modules() {
  fetch_packages
  ln -s "$KEPT/npm/node_modules" node_modules
  node "$HERE/modules.js" "$1" "$(many 800 30)"
}

prepare_rollup() { prepare_modules js; }
reset_rollup() { rm -rf out; }
work_rollup() { under node node_modules/rollup/dist/bin/rollup --silent --dir out src/0.js; }

prepare_webpack() { prepare_modules js; }
reset_webpack() { rm -rf out; }
work_webpack() { under node node_modules/webpack-cli/bin/cli.js --mode=production --entry ./src/0.js --output-path "$PWD/out"; }

prepare_tsc() { prepare_modules ts; }
reset_tsc() { rm -rf out; }
work_tsc() { under node node_modules/typescript/bin/tsc --strict --target es2022 --module nodenext --outDir out src/0.ts; }
