// Runs the bundle in dist/. CommonJS, see scripts/build.ts.
'use strict';

const { existsSync, readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const root = `${__dirname}/..`;
const dist = `${root}/dist`;

/** Files of the bundle that were compiled, by name. */
const compiled = new Map();

/** Chunks of the bundle, by name: what makes them, then what they export. */
const makers = new Map();
const modules = new Map();

/** The code cache that scripts/warm.cjs made of a file: for this Node, since no other takes it. */
const cacheOf = (name) => `${dist}/${name}.${process.version}-${process.arch}.cache`;

/** For modules that the user names. A script of node:vm has an import() of its own only by an experimental option, which warns. */
const importModule = (url) => import(url);

function load(name) {
  let module = modules.get(name);
  if (!module) {
    if (!makers.has(name)) compile(name);
    module = { exports: {} };
    modules.set(name, module);
    makers.get(name)(module.exports, requireFrom, module);
  }
  return module.exports;
}

const requireFrom = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id));

function compile(name) {
  const filename = `${dist}/${name}`;
  let cachedData;
  try {
    cachedData = readFileSync(cacheOf(name));
  } catch {
    // Another Node than the packaged one: it compiles everything itself.
  }
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
  compiled.set(name, script);
  for (const [chunk, maker] of Object.entries(script.runInThisContext()(requireFrom, filename, dist, importModule))) makers.set(chunk, maker);
}

/** A checkout that was never built builds itself once. */
function build() {
  const script = `${root}/scripts/build.ts`;
  if (!existsSync(script)) fail('dist/ is missing: this copy of weft is not complete. Install it again.');
  if (!existsSync(`${root}/node_modules/esbuild`)) fail(`weft is not built, and what builds it is not installed. Run: npm ci --prefix ${root}`);
  process.stderr.write('Building weft (only this once) …\n');
  const { spawnSync } = require('node:child_process');
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 2, 2] });
  if (status !== 0) fail(`weft could not be built. Run: npm run build --prefix ${root}`);
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

if (require.main === module) {
  if (!existsSync(`${dist}/weft.js`)) build();
  load('weft.js').main(process.argv);
} else {
  module.exports = { cacheOf, compile, compiled, load, modules };
}
