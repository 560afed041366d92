// Runs what users run, for scripts/build.ts: with --list it writes dist/loaded.json, the chunks that the most usual runs load;
// without, it keeps the code that V8 compiled in all runs beside each file of dist/.
const { readdirSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { cacheOf, compiled, load, modules } = require('../bin/weft.js');

const dist = join(__dirname, '../dist');

const usual = [
  ['analyze', '-A', 'fixtures/payment'],
  ['analyze', '-A', 'fixtures/payment-broken'],
];
const others = [
  ['analyze', '-A', '-o', 'json', 'fixtures/payment-broken'],
  ['analyze', '-A', '-o', 'pretty', '--color', 'fixtures/payment-broken'],
];

async function run(list) {
  const { main } = load('weft.js');
  for (const args of list) {
    process.exitCode = 0;
    await main([process.execPath, 'weft', ...args]);
    if (process.exitCode !== 0 && process.exitCode !== 79) throw new Error(`weft ${args.join(' ')} ends with ${process.exitCode}`);
  }
  process.exitCode = 0;
}

async function listChunks() {
  await run(usual);
  writeFileSync(join(dist, 'loaded.json'), JSON.stringify([...modules.keys()]));
}

async function keepCode() {
  await run([...usual, ...others]);
  for (const name of readdirSync(dist)) if (name.endsWith('.js')) load(name);
  for (const [name, script] of compiled) {
    writeFileSync(`${cacheOf(name)}.new`, script.createCachedData());
    renameSync(`${cacheOf(name)}.new`, cacheOf(name));
  }
}

if (process.argv.includes('--list')) listChunks();
else keepCode();
