// zlib, crypto and random bytes in the pool, together with files and lookups.
'use strict';
const zlib = require('zlib');
const crypto = require('crypto');
const fs = require('fs');
const { promisify: p } = require('util');
const { pipeline } = require('stream/promises');

(async () => {
  const data = Buffer.from('something to be made small '.repeat(20000));
  for (const [pack, unpack] of [['gzip', 'gunzip'], ['deflate', 'inflate'], ['brotliCompress', 'brotliDecompress'], ['deflateRaw', 'inflateRaw']]) {
    const small = await p(zlib[pack])(data);
    console.log(pack, small.length < data.length, data.equals(await p(zlib[unpack])(small)));
  }
  await p(zlib.gunzip)(Buffer.from('no gzip')).catch((error) => console.log(error.code));
  fs.writeFileSync('plain', data);
  await pipeline(fs.createReadStream('plain'), zlib.createGzip(), fs.createWriteStream('plain.gz'));
  console.log(zlib.gunzipSync(fs.readFileSync('plain.gz')).equals(data));
  const keys = await Promise.all(Array.from({ length: 12 }, (_, i) => p(crypto.pbkdf2)('secret', `salt${i}`, 2000, 16, 'sha256')));
  console.log(keys.map((key) => key.toString('hex').slice(0, 6)).join());
  console.log((await p(crypto.scrypt)('secret', 'salt', 32)).toString('hex'));
  console.log((await p(crypto.randomBytes)(1000)).length, (await p(crypto.randomInt)(5, 6)));
  const pair = await p(crypto.generateKeyPair)('ec', { namedCurve: 'P-256' });
  const signature = crypto.sign('sha256', data, pair.privateKey);
  console.log(crypto.verify('sha256', data, pair.publicKey, signature));
  const mixed = await Promise.all(Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? p(zlib.gzip)(data).then(() => 'z')
    : i % 3 === 1 ? fs.promises.stat('plain').then(() => 's') : p(crypto.randomFill)(Buffer.alloc(10)).then(() => 'r'))));
  console.log(mixed.join(''));
  console.log((await crypto.webcrypto.subtle.digest('SHA-256', data)).byteLength);
})();
