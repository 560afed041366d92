// Bundles src/cli/main.ts into dist/, for bin/weft.js to run.
//
// What users wait for at every start is compiling, so V8's code cache comes with the bundle: made after a run that did what users
// do, it holds the functions of that run ready to go. (Node's own compile cache keeps top-level code only.) One file of CommonJS,
// because every module more is a read and a look-up, and ES modules cost Node four milliseconds before the first one runs; our own
// dynamic imports become modules of that file that are evaluated when they are asked for. Packages imported dynamically are the
// heavy ones: each becomes a file of its own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** The file of a package, by its name. */
const fileOf = (name: string): string => `${name.replace('@', '').replaceAll('/', '-')}.js`;

/** Packages imported dynamically are files beside the bundle. */
function packagesApart(found: Set<string>): Plugin {
  return {
    name: 'packages-apart',
    setup({ onResolve }) {
      onResolve({ filter: /^[^./]/ }, ({ kind, path }) => {
        if (kind !== 'dynamic-import' || path.startsWith('node:')) return undefined;
        found.add(path);
        return { path: `./${fileOf(path)}`, external: true };
      });
    },
  };
}

/** What dependencies import at start and this program needs seldom or never; node:tty alone loads the whole of node:net. */
const lighterBuiltins: Plugin = {
  name: 'lighter-builtins',
  setup({ onResolve, onLoad }) {
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
    onResolve({ filter: /^node:(tty|child_process)$/ }, ({ path, importer }) =>
      /node_modules\/(chalk|commander)\//.test(importer) ? { path, namespace: 'lighter' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'lighter' }, ({ path }) => ({ contents: replacements[path] ?? '' }));
  },
};

/** One file as a function, which is what bin/weft.js compiles. */
async function bundle(entry: Pick<BuildOptions, 'entryPoints' | 'stdin'>, packages: Set<string>): Promise<string> {
  const { outputFiles } = await build({
    ...entry,
    bundle: true,
    write: false,
    outdir: dist,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    // Names stay: they are in the stack trace of a bug report.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    // In the bundle, the folder of a module is dist/.
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename', 'import.meta.url': '__fileUrl' },
    plugins: [packagesApart(packages), lighterBuiltins],
    logLevel: 'warning',
  });
  // Our own files are loaded by bin/weft.js; a module that the user names stays a true import().
  const code = (outputFiles[0]?.text ?? '').replace(/\bimport\(("\.\/[\w.-]+\.js")\)/g, 'Promise.resolve().then(()=>require($1))');
  const url = code.includes('__fileUrl') ? 'const __fileUrl=require("node:url").pathToFileURL(__filename).href;' : '';
  return `(function(exports,require,module,__filename,__dirname){${url}${code}})`;
}

async function bundleAll(): Promise<Map<string, string>> {
  const packages = new Set<string>();
  const files = new Map([['weft.js', await bundle({ entryPoints: [join(root, 'src/cli/main.ts')] }, packages)]]);
  for (const name of packages) {
    const contents = `import * as all from '${name}'; export * from '${name}'; export default all.default;`;
    files.set(fileOf(name), await bundle({ stdin: { contents, resolveDir: root } }, packages));
  }
  return files;
}

/** Old code caches go first, so that none is ever beside a file that it was not made of. */
function write(files: ReadonlyMap<string, string>): void {
  mkdirSync(dist, { recursive: true });
  for (const name of readdirSync(dist)) if (!files.has(name)) rmSync(join(dist, name), { recursive: true });
  for (const [name, text] of files) {
    const file = join(dist, name);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }
}

write(await bundleAll());
const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/warm.cjs')], { cwd: root, encoding: 'utf8' });
if (status !== 0) console.error(`dist/ is built, without a code cache: weft does not run.\n${stderr}`);
