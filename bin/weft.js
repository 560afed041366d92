// Runs the bundle in dist/ with a compile cache. CommonJS, see scripts/build.ts.
'use strict';

const { accessSync, constants, existsSync, mkdirSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');

const root = join(__dirname, '..');
const bundle = join(root, 'dist/weft.cjs');

/** Beside the bundle where that can be written, else with the user's other caches. */
function cacheDirectory() {
  const own = join(root, 'dist/.cache');
  try {
    mkdirSync(own, { recursive: true });
    accessSync(own, constants.W_OK);
    return own;
  } catch {
    const { homedir } = require('node:os');
    return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'meshweft');
  }
}

/** A checkout that was never built builds itself once. */
function build() {
  const script = join(root, 'scripts/build.ts');
  if (!existsSync(script)) fail('dist/ is missing: this copy of weft is not complete. Install it again.');
  if (!existsSync(join(root, 'node_modules/esbuild'))) fail(`weft is not built, and what builds it is not installed. Run: npm ci --prefix ${root}`);
  process.stderr.write('Building weft (only this once) …\n');
  const { spawnSync } = require('node:child_process');
  const { status } = spawnSync(process.execPath, [script, '--no-warm'], { stdio: ['ignore', 2, 2] });
  if (status !== 0) fail(`weft could not be built. Run: npm run build --prefix ${root}`);
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

if (!existsSync(bundle)) build();
enableCompileCache(cacheDirectory());
require(bundle).main(process.argv);
