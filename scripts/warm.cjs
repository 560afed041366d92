// Runs what users run, and keeps the code that V8 compiled for it beside each file of dist/.
const { readdirSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { cacheOf, compiled, load } = require('../bin/weft.js');

const runs = [
  ['analyze', '-A', 'fixtures/payment'],
  ['analyze', '-A', 'fixtures/payment-broken'],
  ['analyze', '-A', '-o', 'json', 'fixtures/payment-broken'],
  ['analyze', '-A', '-o', 'pretty', '--color', 'fixtures/payment-broken'],
];

async function warm() {
  const { main } = load('weft.js');
  for (const args of runs) {
    process.exitCode = 0;
    await main([process.execPath, 'weft', ...args]);
    if (process.exitCode !== 0 && process.exitCode !== 79) throw new Error(`weft ${args.join(' ')} ends with ${process.exitCode}`);
  }
  for (const name of readdirSync(join(__dirname, '../dist'))) if (name.endsWith('.js')) load(name);
  for (const [name, script] of compiled) {
    writeFileSync(`${cacheOf(name)}.new`, script.createCachedData());
    renameSync(`${cacheOf(name)}.new`, cacheOf(name));
  }
  process.exitCode = 0;
}

warm();
