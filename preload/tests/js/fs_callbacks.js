// Files by callbacks: results, errors and their texts, the order that one chain has, folders, links, times.
'use strict';
const fs = require('fs');

const steps = [
  (next) => fs.writeFile('a', 'content', next),
  (next) => fs.appendFile('a', ' and more', next),
  (next) => fs.readFile('a', 'utf8', (error, text) => { console.log(text); next(error); }),
  (next) => fs.stat('a', (error, s) => { console.log(s.size, s.isFile(), s.nlink, (s.mode & 0o777).toString(8)); next(error); }),
  (next) => fs.chmod('a', 0o600, next),
  (next) => fs.utimes('a', 1000, 2000.5, next),
  (next) => fs.stat('a', { bigint: true }, (error, s) => { console.log(s.atimeMs, s.mtimeNs, s.mode & 0o777n); next(error); }),
  (next) => fs.rename('a', 'b', next),
  (next) => fs.link('b', 'c', next),
  (next) => fs.symlink('b', 'd', next),
  (next) => fs.readlink('d', (error, path) => { console.log(path); next(error); }),
  (next) => fs.lstat('d', (error, s) => { console.log(s.isSymbolicLink()); next(error); }),
  (next) => fs.realpath('d', (error, path) => { console.log(path.endsWith('/b')); next(error); }),
  (next) => fs.copyFile('b', 'e', fs.constants.COPYFILE_EXCL, next),
  (next) => fs.copyFile('b', 'e', fs.constants.COPYFILE_EXCL, (error) => { console.log(error.message.replace(/'.*'/, '')); next(); }),
  (next) => fs.truncate('e', 3, next),
  (next) => fs.readFile('e', 'utf8', (error, text) => { console.log(text); next(error); }),
  (next) => fs.mkdir('f/g/h', { recursive: true }, next),
  (next) => fs.mkdtemp('temp-', (error, path) => { console.log(path.length); fs.rmdir(path, next); }),
  (next) => fs.readdir('.', { withFileTypes: true }, (error, list) => {
    console.log(list.map((entry) => entry.name + (entry.isDirectory() ? '/' : entry.isSymbolicLink() ? '@' : '')).sort());
    next(error);
  }),
  (next) => fs.open('e', 'r+', (error, fd) => {
    const buffer = Buffer.alloc(10);
    fs.write(fd, 'XYZ', 1, (e1, written) => fs.read(fd, buffer, 0, 10, 0, (e2, read) => {
      console.log(written, read, buffer.toString('latin1', 0, read));
      fs.writev(fd, [Buffer.from('12'), Buffer.from('345')], 0, (e3, n) => fs.readv(fd, [buffer], 0, (e4, m) => {
        console.log(n, m, buffer.toString('latin1', 0, m));
        fs.fsync(fd, () => fs.fdatasync(fd, () => fs.ftruncate(fd, 2, () => fs.fstat(fd, (e5, s) => {
          console.log(s.size);
          fs.close(fd, next);
        }))));
      }));
    }));
  }),
  (next) => fs.access('e', fs.constants.R_OK, next),
  (next) => fs.statfs ? fs.statfs('.', (error, s) => { console.log(s.bsize > 0); next(error); }) : next(console.log(true)),
  (next) => fs.rm('f', { recursive: true }, next),
  (next) => fs.cp ? fs.cp('b', 'z', next) : next(),
  (next) => fs.opendir('.', (error, dir) => {
    const names = [];
    const more = () => dir.read((e, entry) => { if (entry) { names.push(entry.name); more(); } else { console.log(names.sort()); dir.close(next); } });
    more();
  }),
];

const failures = {
  open: ['no/such'], stat: ['none'], lstat: ['none'], readdir: ['none'], rmdir: ['none'], mkdir: ['b'], unlink: ['none'], rename: ['none', 'x'],
  readlink: ['b'], access: ['none'], chmod: ['none', 0], chown: ['none', 1, 1], utimes: ['none', 1, 1], link: ['none', 'x'], symlink: ['x', 'b'],
  realpath: ['none'], truncate: ['none'], mkdtemp: ['no/such/x'], copyFile: ['none', 'x'], opendir: ['none'], readFile: ['.'],
};

function fail([name, ...rest]) {
  if (!name) return console.log('done');
  fs[name](...failures[name], (error) => { console.log(name, error.code, error.errno, error.syscall, error.message.split(',')[0]); fail(rest); });
}

(function go(index, error) {
  if (error) throw error;
  if (index < steps.length) steps[index]((e) => go(index + 1, e));
  else fail(Object.keys(failures));
})(0);
