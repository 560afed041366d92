import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toClose, until } from './support.ts';

const weft = join(import.meta.dirname, '../../bin/weft.js');

/** `weft` with any arguments, for as long as the test wants it. */
export class WeftProcess {
  readonly exited: Promise<number | string>;
  stdout = '';
  stderr = '';
  /** It has ended, and all that it said is here. */
  private isClosed = false;
  private readonly child: ChildProcess;

  /** @param first the first argument, or variables of its environment before that */
  constructor(first: string | Readonly<Record<string, string>>, ...more: readonly string[]) {
    const [args, env] = typeof first === 'string' ? [[first, ...more], {}] : [more, first];
    const child = spawn(process.execPath, [weft, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1', ...env } });
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) =>
      child.on('close', (code, signal) => {
        this.isClosed = true;
        resolve(code ?? signal ?? '');
      }),
    );
    toClose({ close: () => child.kill('SIGKILL') });
  }

  /** Waits until standard error has it. */
  async says(text: RegExp, ms = 60_000): Promise<void> {
    const what = `${text} in`;
    await until(
      () => {
        const said = text.test(this.stderr);
        if (!said && this.isClosed) throw new Error(`it ended with ${this.child.exitCode ?? this.child.signalCode}`);
        return said;
      },
      what,
      ms,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.stderr}`);
    });
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }
}

/** A folder with manifests, which are changed in one step, so that half of a file is never read. */
export class Folder {
  readonly path: string;
  private readonly root: string;

  constructor(files: Readonly<Record<string, string>>) {
    this.root = mkdtempSync(join(tmpdir(), 'weft-xds-'));
    this.path = join(this.root, 'mesh');
    mkdirSync(this.path);
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    toClose({ close: () => rmSync(this.root, { recursive: true, force: true }) });
  }

  write(name: string, text: string): void {
    const file = join(this.root, name);
    writeFileSync(file, text);
    renameSync(file, join(this.path, name));
  }
}

/** Body of the answer, or its status where that is no success; with `header`, the value of that header. */
export function ask(port: number, host: string, header?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, headers: { host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      const wanted = (): string => (header === undefined ? body : String(response.headers[header] ?? ''));
      response.on('end', () => resolve(response.statusCode === 200 ? wanted() : String(response.statusCode)));
    });
    sent.on('error', reject).end();
  });
}
