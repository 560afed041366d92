// Large files in little memory, by the real command.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const weft = join(import.meta.dirname, '../../bin/weft');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'weft-large-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, pieces: Iterable<string>): string {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  for (const piece of pieces) writeSync(file, piece);
  closeSync(file);
  return path;
}

/** With a heap of so many MiB; the texts of files lie beside it. */
function run(heap: number, ...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(weft, ['analyze', '-A', '-o', 'json', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: `--max-old-space-size=${heap}` },
    maxBuffer: 1 << 28,
  });
  return { status, stderr };
}

/** For a text of 200 MB on a busy machine. */
const limit = { timeout: 600_000 };
const megabyte = 'x'.repeat(1 << 20);

test('200 MB of comments around 2,000 resources', limit, () => {
  function* pieces(): Generator<string> {
    for (let i = 0; i < 2000; i++) {
      yield `apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g${i}, namespace: a}\nspec: {selector: {a: b${i}}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]}\n# ${megabyte.slice(0, 100_000)}\n---\n`;
    }
  }
  const { status, stderr } = run(256, write('comments.yaml', pieces()));
  expect(stderr).toContain('(2000 resources in 1 file)');
  expect(status).toBe(0);
});

test('one text of 200 MB', limit, () => {
  function* pieces(): Generator<string> {
    yield 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: "';
    for (let i = 0; i < 200; i++) yield megabyte;
    yield '"\n';
  }
  const { status, stderr } = run(256, write('text.yaml', pieces()));
  expect(stderr).toContain('(1 resource in 1 file)');
  expect(status).toBe(0);
});

// The parser copies a text several times to tell what is wrong with it.
test('200 MB that are not YAML', limit, () => {
  function* pieces(): Generator<string> {
    yield 'a: "';
    for (let i = 0; i < 200; i++) yield `${megabyte}\n`;
  }
  const { status, stderr } = run(1024, write('broken.yaml', pieces()));
  expect(stderr).toContain('1 document could not be used');
  expect(status).toBe(65);
});
