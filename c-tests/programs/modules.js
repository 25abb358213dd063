// Writes src/0.js to src/N.js (or .ts), each with a few functions, which imports three others. Arguments: js or ts, N.
'use strict';
const fs = require('fs');

const [, , extension, count] = process.argv;
const typed = extension === 'ts';
fs.writeFileSync('package.json', '{"name":"modules","version":"1.0.0","type":"module","private":true}\n');
fs.mkdirSync('src');
for (let i = 0; i < count; i++) {
  const others = [2 * i + 1, 2 * i + 2, i + 1].filter((other, at, all) => other < count && all.indexOf(other) === at);
  const number = typed ? ': number' : '';
  const text = [
    ...others.map((other) => `import { sum as sum${other} } from './${other}.js';`),
    ...(typed ? [`export interface Point${i} { x: number; y: number; name?: string }`] : []),
    `const seen = new Map${typed ? '<number, number>' : ''}();`,
    `export function square(n${number})${number} { return n * n + ${i}; }`,
    `export function sum(n${number})${number} {`,
    '  const known = seen.get(n);',
    '  if (known !== undefined) return known;',
    `  const all = [square(n)${others.map((other) => `, sum${other}(n % 7)`).join('')}];`,
    `  const result = all.reduce((a${number}, b${number}) => (a + b) % 65521, 0);`,
    '  seen.set(n, result);',
    '  return result;',
    '}',
    ...(i === 0 ? ['console.log(sum(5));'] : []),
  ];
  fs.writeFileSync(`src/${i}.${extension}`, text.join('\n') + '\n');
}
