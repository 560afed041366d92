// The archive as a whole: what is planted in manifests, and in what a proxy tells, is not in it. The same with a cluster: test/real.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { dump, loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Archive } from '../src/cli/bug-report/archive.ts';
import { collect } from '../src/cli/bug-report/collect.ts';
import type { BugReportFlags } from '../src/cli/bug-report/flags.ts';
import { settingsOf } from '../src/cli/bug-report/flags.ts';
import { readFiles } from '../src/manifest/files.ts';
import { disguises, leaksIn, unfolded } from '../src/redact/testing.ts';
import { partsOf, planted, plantedLog } from './planted-secrets.ts';

const { log, secrets: inLog } = plantedLog();
let folder: string;
let server: Server;
let address: string;
const time = new Date('2026-01-02T03:04:05Z');
const quiet = { start() {}, wait() {}, done() {}, fail() {}, stop() {} };

/** What the proxy answers. */
let pages: Readonly<Record<string, string>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-report-'));
  server = createServer((request, response) => {
    const body = pages[request.url ?? ''];
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body ?? '');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;
/** The files of a report about a manifest and a proxy, by path. */
async function reportOf(manifest: string): Promise<Map<string, string>> {
  const own = join(folder, String(made++));
  const archive = Archive.create(own, 'bug-report.tar.gz', time);
  const path = join(own, 'mesh.yaml');
  writeFileSync(path, manifest);
  const flags: BugReportFlags = {
    filename: [path],
    istioNamespace: 'istio-system',
    proxyAdminAddress: address,
    proxyAdminPort: '15000',
    maxLogSize: '10',
    maxSize: '100',
    rqConcurrency: '4',
    timeout: '1m',
    outputDir: own,
    output: 'text',
  };
  const never = new AbortController().signal;
  const inputs = { files: readFiles([path], () => ''), meshConfigSource: undefined, client: undefined, cluster: undefined, noCluster: undefined };
  await collect(inputs, { flags, settings: settingsOf(flags, time), archive, time, progress: quiet, stop: never, interrupt: never });
  await archive.finish();
  execFileSync('tar', ['xzf', archive.path, '-C', own]);
  const entries = readdirSync(join(own, 'bug-report'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return [relative(join(own, 'bug-report'), file), readFileSync(file, 'utf8')];
    }),
  );
}

const fileOf = (files: Map<string, string>, name: string): string => [...files].find(([path]) => path.endsWith(name))?.[1] ?? '';

describe('a report', () => {
  it('has none of the secrets that are planted in manifests and in what a proxy tells', async () => {
    pages = { '/stats': log, '/config_dump?include_eds': JSON.stringify({ configs: planted.map(({ object }) => object) }), '/certs': JSON.stringify({ log }) };
    const files = await reportOf(planted.map(({ object }) => dump(object)).join('---\n'));
    const all = unfolded([...files].map(([path, text]) => `${path}\n${text}`).join('\n'));
    const leaks = [...planted, ...inLog].flatMap(({ where, secret }) =>
      partsOf(secret).flatMap((part) => disguises(part).flatMap((form) => (all.includes(form) ? [`${where}: ${form}`] : []))),
    );
    expect(leaks).toEqual([]);
    // And what is no secret is there.
    const objects = loadAll(fileOf(files, 'mesh.yaml')) as { metadata: { name: string } }[];
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(planted.map(({ object }) => object.metadata.name));
    expect(fileOf(files, 'stats.txt')).toContain('order 79 is paid');
    expect(fileOf(files, 'findings.txt')).toMatch(/\(VirtualService shop\/planted-\d+-password \S+mesh\.yaml:\d+\)/);
  });

  it('keeps the lines of files where they were', async () => {
    pages = {};
    const manifest = `# first
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: shop} # here
stringData:
  password: "not-To-Be-Seen-1"
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http: # all
    - headers: {request: {set: {authorization: "Bearer not-To-Be-Seen-2"}}}
      route: [{destination: {host: nowhere}}]
      retries: {attempts: -3}
`;
    const files = await reportOf(manifest);
    expect(fileOf(files, 'mesh.yaml')).toBe(
      manifest.replace('not-To-Be-Seen-1', '<redacted Secret shop/db password>').replace('not-To-Be-Seen-2', '<redacted value>'),
    );
    expect(fileOf(files, 'findings.txt')).toMatch(/mesh\.yaml:16\)/);
    expect(JSON.parse(fileOf(files, 'index.json'))).toMatchObject({ weft: expect.any(String), redacted: expect.any(Object) });
    const { files: listed } = JSON.parse(fileOf(files, 'index.json')) as { files: { path: string; bytes: number }[] };
    for (const { path, bytes } of listed) expect([path, Buffer.byteLength(files.get(path) ?? '')]).toEqual([path, bytes]);
  });

  it('has no value of a Secret, whatever it is and wherever it is found', async () => {
    const secrets = fc.stringMatching(/^[A-Za-z0-9!#%&*+/=?@^_{|}~ -]{10,30}$/).filter((text) => text.trim() === text && /\d/.test(text) && /[A-Z]/.test(text));
    const words = fc.stringMatching(/^[a-z]{0,8}$/);
    await fc.assert(
      fc.asyncProperty(secrets, words, words, fc.constantFrom('stats', 'json', 'base64'), async (secret, before, after, form) => {
        const around = `${before}:${secret} ${after}`;
        pages = {
          '/stats': form === 'base64' ? Buffer.from(around).toString('base64') : form === 'json' ? JSON.stringify({ a: around }) : around,
          '/server_info': JSON.stringify({ [around]: [around] }),
        };
        const manifest = [
          { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, data: { value: Buffer.from(secret).toString('base64') } },
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b' }, data: { a: around, b: dump({ c: { d: around } }) } },
        ];
        const files = await reportOf(manifest.map((object) => dump(object)).join('---\n'));
        for (const [path, text] of files) expect(leaksIn(`${path}\n${text}`, secret)).toEqual([]);
        expect(fileOf(files, 'mesh.yaml')).toContain('kind: ConfigMap');
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
