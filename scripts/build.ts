// Bundles src/cli/main.ts into dist/, one chunk for each dynamic import.
//
// The chunks are CommonJS: loading a program as ES modules costs Node four milliseconds more, a fifth of what it takes to start
// at all. esbuild splits ES modules only, so it splits first, and each chunk is converted afterwards.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Plugin, transform } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const target = 'node24';

/** What dependencies import at start and this program needs seldom or never; node:tty alone loads the whole of node:net. */
const lighterBuiltins: Plugin = {
  name: 'lighter-builtins',
  setup(context) {
    const replacements: Readonly<Record<string, string>> = {
      // chalk asks for colours of both streams.
      'node:tty': `
        import { fstatSync } from 'node:fs';
        const isDevice = (fd) => { try { return fstatSync(fd).isCharacterDevice(); } catch { return false; } };
        export const isatty = (fd) => isDevice(fd) && process.getBuiltinModule('node:tty').isatty(fd);
        export default { isatty };`,
      // commander starts sub-commands that are programs of their own.
      'node:child_process': `export default { spawn: (...args) => process.getBuiltinModule('node:child_process').spawn(...args) };`,
    };
    context.onResolve({ filter: /^node:(tty|child_process)$/ }, ({ path, importer }) =>
      /node_modules\/(chalk|commander)\//.test(importer) ? { path, namespace: 'lighter' } : undefined,
    );
    context.onLoad({ filter: /.*/, namespace: 'lighter' }, ({ path }) => ({ contents: replacements[path] ?? '' }));
  },
};

async function bundle(): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    entryPoints: { weft: join(root, 'src/cli/main.ts') },
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target,
    // In a chunk, the folder of a module is dist/.
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename', 'import.meta.url': '__fileUrl' },
    plugins: [lighterBuiltins],
    logLevel: 'warning',
  });
  const files = new Map<string, string>();
  for (const { path, text } of outputFiles) files.set(basename(path), await toCommonJs(text));
  return files;
}

async function toCommonJs(text: string): Promise<string> {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target,
    minifyWhitespace: true,
    minifySyntax: true,
    banner: text.includes('__fileUrl') ? 'const __fileUrl = require("node:url").pathToFileURL(__filename).href;' : '',
  });
  // Only our own chunks are required: a module that the user names stays a true import().
  return code.replace(/\bimport\(("\.\/[\w.-]+\.cjs")\)/g, 'Promise.resolve().then(()=>require($1))');
}

/** Chunks before the entry, old chunks last: a weft that starts meanwhile finds what it needs. */
function write(files: ReadonlyMap<string, string>): void {
  mkdirSync(dist, { recursive: true });
  const names = [...files.keys()].sort((a, b) => Number(a === 'weft.cjs') - Number(b === 'weft.cjs'));
  for (const name of names) writeFileSync(join(dist, name), files.get(name) as string);
  for (const name of readdirSync(dist)) if (!files.has(name)) rmSync(join(dist, name), { recursive: true });
}

/** The first run of a chunk decides which functions the compile cache holds: here a run that uses what users use. */
function warm(): void {
  const weft = join(root, 'bin/weft.js');
  for (const fixture of ['payment', 'payment-broken']) {
    const { status, stderr } = spawnSync(process.execPath, [weft, 'analyze', '-A', join(root, 'fixtures', fixture)], { encoding: 'utf8' });
    if (status !== 0 && status !== 79) process.stderr.write(`dist/ is built, but weft does not run:\n${stderr}`);
  }
}

write(await bundle());
if (process.argv.includes('--no-warm') === false) warm();
