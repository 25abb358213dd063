// Does something to a tree of files. Arguments: what, the tree, how often (or, to make one, of how many folders).
'use strict';
const fs = require('fs');
const path = require('path');

const FILES = 20;
const [, , what, tree, times = '1'] = process.argv;

function check(holds, text) {
  if (!holds) throw new Error(text);
}

async function files() {
  const entries = await fs.promises.readdir(tree, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.path, entry.name));
}

const does = {
  make() {
    for (let i = 0; i < times; i++) {
      const folder = path.join(tree, String(i % 10), String(i));
      fs.mkdirSync(folder, { recursive: true });
      for (let j = 0; j < FILES; j++) fs.writeFileSync(path.join(folder, `${j}.txt`), 'x'.repeat(500 + j * 100));
    }
  },
  async readdir() {
    for (let i = 0; i < times; i++) check((await files()).length % FILES === 0, 'files are missing');
  },
  async cp() {
    await fs.promises.cp(tree, 'copy', { recursive: true });
    check(fs.existsSync('copy/0/0/19.txt'), 'it copied nothing');
  },
  async rm() {
    await fs.promises.rm(tree, { recursive: true });
    check(!fs.existsSync(tree), 'it removed nothing');
  },
  async read() {
    for (const file of await files()) check((await fs.promises.readFile(file)).length >= 500, file);
  },
  async 'read-all'() {
    const read = await Promise.all((await files()).map((file) => fs.promises.readFile(file)));
    check(read.every((data) => data.length >= 500), 'a file is short');
  },
};

Promise.resolve(does[what]()).catch((error) => {
  console.error(error);
  process.exit(1);
});
