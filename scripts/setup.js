// Makes a checkout ready: installs what package-lock.json asks for where that is not there yet, then builds dist/.
// Plain JavaScript without dependencies: it runs on the Node of a fresh machine (20 or newer), everything else on the packaged one.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const modules = join(root, 'node_modules');

/** Packages of the lockfile that are missing or have another version; optional ones may be missing (they are for other platforms). */
function missingPackages() {
  let installed;
  try {
    installed = readJson(join(modules, '.package-lock.json')).packages;
  } catch {
    return ['node_modules'];
  }
  return Object.entries(readJson(join(root, 'package-lock.json')).packages)
    .filter(([path, locked]) => {
      if (path === '') return false;
      const found = existsSync(join(root, path)) ? installed[path] : undefined;
      return found ? found.version !== locked.version : !(locked.optional || locked.peer);
    })
    .map(([path]) => path);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (error) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

/** The Node that comes with the package, else this one if it is new enough. */
function node() {
  const packaged = join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(packaged)) return packaged;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  console.error(`weft needs Node.js 24 or newer: there is no packaged one for ${process.platform}-${process.arch}, and this is ${process.version}.`);
  process.exit(1);
}

const missing = missingPackages();
if (missing.length > 0) {
  // npm itself runs this script as `prepare`; then the packages are what the caller asked for, without development dependencies perhaps.
  if (process.env.npm_lifecycle_event === 'prepare' && process.env.npm_config_global !== 'true') {
    if (!existsSync(join(modules, 'esbuild'))) {
      console.error('weft is not built: what builds it is a development dependency.');
      process.exit(0);
    }
  } else {
    console.error(`Installing dependencies (${missing.length === 1 ? missing[0] : `${missing.length} packages`}) …`);
    // No package needs its install scripts. Warnings about engines are for the Node that npm runs on, which is not used further.
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--global=false']);
  }
}
run(node(), [join('scripts', 'build.ts')]);
