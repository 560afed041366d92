import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const main = join(import.meta.dirname, '../main.ts');

const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\nspec: {ports: [{name: http, port: 80}]}\n';
const route = (host: string, comment = ''): string =>
  `${comment}apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: cart, namespace: shop}\nspec: {hosts: [cart], http: [{route: [{destination: {host: ${host}}}]}]}\n`;
const unknown = (host: string, file = 'in/route.yaml', line = 4): string =>
  `Error [IST0101] (VirtualService shop/cart ${file}:${line}) host "${host}" does not exist`;

let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-watch-'));
  mkdirSync(join(folder, 'in'));
  put('in/service.yaml', service);
  put('in/route.yaml', route('cart'));
});

afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** As editors write: a new file in the place of the old one. */
function replace(name: string, text: string): void {
  put(`${name}~`, text);
  renameSync(join(folder, `${name}~`), join(folder, name));
}

interface Round {
  report: string[];
  /** The last line, without what differs from run to run. */
  status: string;
}

/** A running `weft analyze --watch`. */
class Watching {
  private readonly process: ChildProcess;
  private text = '';
  private wake: (() => void) | undefined;
  readonly ended: Promise<{ code: number | null; signal: string | null }>;

  constructor(args: readonly string[]) {
    const script = `import(${JSON.stringify(main)}).then(({ main }) => main(['', '', ...process.argv.slice(1)]))`;
    this.process = spawn(process.execPath, ['-e', script, '--', 'analyze', '-A', '--watch', ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    child = this.process;
    const hear = (chunk: Buffer): void => {
      this.text += chunk.toString();
      this.wake?.();
    };
    this.process.stdout?.on('data', hear);
    this.process.stderr?.on('data', hear);
    this.ended = new Promise((resolve) => {
      this.process.on('close', (code, signal) => {
        this.wake?.();
        resolve({ code, signal });
      });
    });
  }

  /** What the next round says; waits for it. */
  async round(): Promise<Round> {
    for (;;) {
      const found = /^\[[\d:]+\] (.*) Watching for changes; Ctrl-C ends\.\n/m.exec(this.text);
      if (found) {
        const before = this.text.slice(0, found.index).split('\n');
        this.text = this.text.slice(found.index + found[0].length);
        return { report: before.filter((line) => /^(?:Error|Warning|Info) /.test(line)), status: (found[1] as string).replace(/ \(\d+ ms\)/, '') };
      }
      if (this.process.exitCode !== null) throw new Error(`it ended: ${this.text}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** All of stdout and stderr that no round has taken. */
  rest(): string {
    return this.text;
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal);
  }
}

it('analyzes again when a file changes, comes, goes, or breaks', async () => {
  const weft = new Watching(['in']);
  expect(await weft.round()).toEqual({ report: [], status: 'done.' });

  put('in/route.yaml', route('crt'));
  expect(await weft.round()).toEqual({ report: [`${unknown('crt')} (new)`], status: 'in/route.yaml changed: 1 new.' });

  // The finding moves, and is not new.
  replace('in/route.yaml', route('crt', '# A comment.\n'));
  expect(await weft.round()).toEqual({ report: [unknown('crt', 'in/route.yaml', 5)], status: 'in/route.yaml changed: nothing new.' });

  put('in/broken.yaml', 'a: [');
  const broken = await weft.round();
  expect(broken.status).toBe('in/broken.yaml added: 1 new.');
  expect(broken.report[0]).toMatch(/^Error \[WFT0001\] \(in\/broken\.yaml:1\) .*\(new\)$/);
  expect(broken.report.slice(1)).toEqual([unknown('crt', 'in/route.yaml', 5)]);

  rmSync(join(folder, 'in/broken.yaml'));
  expect(await weft.round()).toEqual({ report: [unknown('crt', 'in/route.yaml', 5)], status: 'in/broken.yaml deleted: 1 gone.' });

  replace('in/route.yaml', route('cart'));
  expect(await weft.round()).toEqual({ report: [], status: 'in/route.yaml changed: 1 gone.' });
}, 30_000);

it('sees what is in directories that come later, and directories that are replaced', async () => {
  const weft = new Watching(['in']);
  await weft.round();
  mkdirSync(join(folder, 'in/a/b'), { recursive: true });
  put('in/a/b/other.yaml', route('crt').replace('name: cart', 'name: other'));
  expect((await weft.round()).status).toContain('in/a/b/other.yaml added: ');
  put('in/a/b/other.yaml', 'a: [');
  expect((await weft.round()).status).toContain('in/a/b/other.yaml changed: ');
  rmSync(join(folder, 'in/a'), { recursive: true });
  expect((await weft.round()).status).toContain('in/a/b/other.yaml deleted: ');

  renameSync(join(folder, 'in'), join(folder, 'out'));
  expect(await weft.round()).toEqual({ report: [], status: 'Error: no such file or directory: in.' });
  mkdirSync(join(folder, 'in'));
  put('in/route.yaml', route('cart'));
  put('in/service.yaml', service);
  let { status } = await weft.round();
  // The directory may be seen before its files.
  while (!status.includes('nothing new') && !status.includes('gone')) ({ status } = await weft.round());
  put('in/route.yaml', route('crt'));
  while (!status.includes('1 new')) ({ status } = await weft.round());
}, 30_000);

it('watches files that are named, also behind links, and nothing beside them', async () => {
  put('real.yaml', route('cart'));
  mkdirSync(join(folder, 'links'));
  symlinkSync('../real.yaml', join(folder, 'links/route.yaml'));
  const weft = new Watching(['links/route.yaml', 'in/service.yaml']);
  expect((await weft.round()).status).toBe('done.');
  put('in/other.yaml', 'a: [');
  replace('real.yaml', route('crt'));
  expect(await weft.round()).toEqual({ report: [`${unknown('crt', 'links/route.yaml')} (new)`], status: 'links/route.yaml changed: 1 new.' });
  replace('in/service.yaml', service.replace('name: cart', 'name: crt'));
  expect((await weft.round()).status).toBe('in/service.yaml changed: 1 gone.');
}, 30_000);

it('ends with Ctrl-C, and where already the first run takes too long', async () => {
  const weft = new Watching(['in', '--timeout', '10s']);
  expect((await weft.round()).status).toBe('done.');
  weft.kill('SIGINT');
  expect(await weft.ended).toEqual({ code: null, signal: 'SIGINT' });
  const hasty = new Watching(['in', '--timeout', '1ns']);
  expect(await hasty.ended).toEqual({ code: 1, signal: null });
  expect(hasty.rest()).toContain('gave up after 1ns');
}, 30_000);

it.each([
  ['nothing to watch', [], 64, '--watch needs files or directories'],
  ['standard input', ['in', '-'], 64, '--watch needs files or directories, which standard input is not'],
  ['repairs', ['in', '--fix'], 64, '--watch and --fix do not go together'],
  ['a file that is not there', ['missing.yaml'], 1, 'no such file or directory: missing.yaml'],
])(
  'refuses %s',
  async (_, args, code, text) => {
    const weft = new Watching(args);
    expect(await weft.ended).toEqual({ code, signal: null });
    expect(weft.rest()).toContain(text);
  },
  30_000,
);
