// Bundles src/cli/main.ts into dist/, for bin/weft.js to run, and src/proxy/workers/worker.ts, for bin/weft-worker.js.
//
// What users wait for at every start is compiling, so V8's code cache comes with the bundle: made after runs that did what users do,
// it holds the functions of those runs ready to go. (Node's own compile cache keeps top-level code only.) The chunks that these runs
// load are one file, because each file more is two reads and a compilation; all others stay apart, so that the start of one command
// does not grow with the others. They are CommonJS: ES modules cost Node four milliseconds before the first one runs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { type BuildOptions, build, type Plugin, transform } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const target = 'node24';

/** The file of a package, by its name. */
const fileOf = (name: string): string => `${name.replace('@', '').replaceAll('/', '-')}.js`;

/** Packages that our code loads on demand are files beside the bundle: by import(), or by createRequire() where it cannot wait. */
function packagesApart(found: Set<string>): Plugin {
  return {
    name: 'packages-apart',
    setup({ onLoad, onResolve }) {
      onLoad({ filter: /[/\\](src|analyzers)[/\\].*\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        const contents = text.replace(/\bcreateRequire\(import\.meta\.url\)(?=\('[^']+'\))/g, 'require');
        return contents === text ? undefined : { contents, loader: 'ts' };
      });
      onResolve({ filter: /^[^./]/ }, ({ kind, path, importer }) => {
        const onDemand = kind === 'dynamic-import' || kind === 'require-call';
        if (!onDemand || path.startsWith('node:') || importer.includes('node_modules')) return undefined;
        found.add(path);
        return { path: `./${fileOf(path)}`, external: true };
      });
    },
  };
}

/** Data is read when the module that imports it runs, and stays out of what V8 compiles. */
function dataApart(found: Map<string, string>): Plugin {
  return {
    name: 'data-apart',
    setup({ onLoad }) {
      onLoad({ filter: /[/\\]schemas[/\\].*\.json$/ }, ({ path }) => {
        // Folders are part of the name: two of them may have a file for one kind.
        const name = relative(join(root, 'schemas'), path).replaceAll(sep, '-');
        found.set(name, JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))));
        const contents = `import { readFileSync } from 'node:fs'; export default JSON.parse(readFileSync(__dirname + '/${name}', 'utf8'));`;
        return { contents, loader: 'js' };
      });
    },
  };
}

/** What Node has loaded by itself when a program starts. */
const ready: ReadonlySet<string> = new Set(['buffer', 'events', 'fs', 'module', 'path', 'process', 'url', 'util', 'vm'].map((name) => `node:${name}`));

/** Other builtins are loaded at first use: node:crypto costs four milliseconds, node:tty loads the whole of node:net. */
function builtinsAtFirstUse(code: string): string {
  return code.replace(/__toESM\(require\("(node:[\w/]+)"\)(?:,1)?\)|\brequire\("(node:[\w/]+)"\)/g, (whole, all, named) => {
    const name = all ?? named;
    return ready.has(name) ? whole : `__atFirstUse("${name}")`;
  });
}

const atFirstUse =
  'const __atFirstUse=id=>new Proxy({},{get(_,name){const builtin=process.getBuiltinModule(id);return name==="default"?builtin:builtin[name]}});';

/** esbuild splits ES modules only; each chunk is converted afterwards. */
async function split(entry: Pick<BuildOptions, 'entryPoints' | 'stdin'>, packages: Set<string>, data: Map<string, string>): Promise<Map<string, string>> {
  const { outputFiles } = await build({
    ...entry,
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    write: false,
    outdir: dist,
    format: 'esm',
    platform: 'node',
    target,
    // In the bundle, the folder of a module is dist/.
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename', 'import.meta.url': '__fileUrl' },
    plugins: [packagesApart(packages), dataApart(data)],
    logLevel: 'warning',
    logOverride: { 'import-is-undefined': 'silent' },
  });
  const chunks = new Map<string, string>();
  for (const { path, text } of outputFiles) {
    // Names stay: they are in the stack trace of a bug report.
    const { code } = await transform(text, { format: 'cjs', platform: 'node', target, minifyWhitespace: true, minifySyntax: true, legalComments: 'none' });
    // Our own chunks and builtins are required; bin/weft.js has the import() for a module that the user names.
    const converted = builtinsAtFirstUse(code)
      .replace(/\bimport\(("(?:\.\/[\w.-]+\.js|node:[\w/]+)")\)/g, 'Promise.resolve().then(()=>require($1))')
      .replace(/\bimport\((?!")/g, '__import(');
    chunks.set(basename(path), converted);
  }
  return chunks;
}

/** A file of chunks, each a function by its name, which is what bin/weft.js compiles. */
function fileOfChunks(chunks: ReadonlyMap<string, string>): string {
  const all = [...chunks.values()].join('');
  const url = all.includes('__fileUrl') ? 'const __fileUrl=require("node:url").pathToFileURL(__filename).href;' : '';
  const functions = [...chunks].map(([name, text]) => `"${name}"(exports,require,module){${text}}`);
  return `(function(require,__filename,__dirname,__import){${url}${atFirstUse}return{\n${functions.join(',\n')}}})`;
}

interface Bundle {
  chunks: Map<string, string>;
  /** Data beside the chunks. */
  data: Map<string, string>;
}

async function bundleAll(): Promise<Bundle> {
  const packages = new Set<string>();
  const data = new Map<string, string>();
  const chunks = await split({ entryPoints: { weft: 'src/cli/main.ts', 'weft-worker': 'src/proxy/workers/worker.ts' } }, packages, data);
  for (const name of packages) {
    const contents = `import * as all from '${name}'; export * from '${name}'; export default all.default;`;
    const [chunk] = (await split({ stdin: { contents, resolveDir: root } }, packages, data)).values();
    chunks.set(fileOf(name), chunk as string);
  }
  return { chunks, data };
}

/**
 * Writes a bundle: the chunks named go into weft.js, each other one is a file. Old code caches go first, so that none is ever beside
 * a file that it was not made of.
 */
function write({ chunks, data }: Bundle, together: ReadonlySet<string>): void {
  const files = new Map(data);
  const main = new Map<string, string>();
  for (const [name, chunk] of chunks) {
    if (together.has(name)) main.set(name, chunk);
    else files.set(name, fileOfChunks(new Map([[name, chunk]])));
  }
  files.set('weft.js', fileOfChunks(main));
  mkdirSync(dist, { recursive: true });
  for (const name of readdirSync(dist)) if (name.endsWith('.cache')) rmSync(join(dist, name));
  for (const [name, text] of files) {
    const file = join(dist, name);
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }
  for (const name of readdirSync(dist)) if (!files.has(name)) rmSync(join(dist, name), { recursive: true });
}

/** @returns whether weft ran */
function warm(...args: string[]): boolean {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/warm.cjs'), ...args], { cwd: root, encoding: 'utf8' });
  if (status !== 0) console.error(`dist/ is built, but weft does not run:\n${stderr}`);
  return status === 0;
}

const bundle = await bundleAll();
// First all in one file: which are needed is seen when they run.
write(bundle, new Set(bundle.chunks.keys()));
if (warm('--list')) {
  write(bundle, new Set(JSON.parse(readFileSync(join(dist, 'loaded.json'), 'utf8')) as string[]));
  warm();
}
