// Files over a cluster, in every command that reads both: what the cluster gave an object stays where a file with the object is applied.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiffDocument } from '../src/cli/diff/document.ts';
import type { Simulation } from '../src/simulate/simulation.ts';
import { type FakeCluster, fakeCluster } from './fake-cluster.ts';
import { fileOverCluster, objectsOfCluster } from './over-cluster.ts';
import { CommandProcess } from './readers/command-process.ts';

const tests = `
tests:
  - name: the older one is asked first
    from: gateway/edge.shop
    request: { host: shop.example.com }
    expect: { route: z-older, timeout: 2s }
`;

let cluster: FakeCluster;
let command: CommandProcess;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'weft-over-'));
  for (const [name, text] of Object.entries({ 'mesh.yaml': fileOverCluster, 'tests.yaml': tests })) writeFileSync(join(folder, name), text);
  cluster = await fakeCluster(objectsOfCluster);
  command = new CommandProcess({ KUBECONFIG: cluster.kubeconfig });
});

afterAll(async () => {
  await command.close();
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

async function weft(...args: string[]): Promise<string> {
  const { stdout, stderr, exit } = await command.run([...args, '-k', ...(args[0] === 'diff' ? [] : ['-f', join(folder, 'mesh.yaml')])]);
  expect(exit, stderr).toBe(0);
  return stdout;
}

describe('the address of a service', () => {
  it('weft translate', async () => {
    expect(await weft('translate', '-n', 'shop', '--to', 'ir', '--type', 'listeners')).toContain('10.96.0.10_3306');
  });

  it('weft route explain', async () => {
    const { entry } = JSON.parse(await weft('route', 'explain', 'tcp://db:3306', '-n', 'shop', '-o', 'json')) as Simulation;
    expect(entry.listener?.name).toBe('10.96.0.10_3306');
  });
});

describe('the creation time, by which virtual services for a host are ordered', () => {
  it('weft translate', async () => {
    const text = await weft('translate', '--gateway', 'shop/edge', '--to', 'ir', '--type', 'routes');
    expect([text.indexOf('name: z-older'), text.indexOf('name: z-older') < text.indexOf('name: a-newer')]).toEqual([expect.any(Number), true]);
  });

  it('weft route explain', async () => {
    const { trail } = JSON.parse(await weft('route', 'explain', 'http://shop.example.com/', '--gateway', 'shop/edge', '-o', 'json')) as Simulation;
    expect(trail?.routes.at(-1)?.name).toBe('z-older');
  });

  it('weft test', async () => {
    expect(await weft('test', join(folder, 'tests.yaml'))).toBe('');
  });

  it('weft diff', async () => {
    const { changes } = JSON.parse(await weft('diff', join(folder, 'mesh.yaml'), '-o', 'json')) as DiffDocument;
    // And not the rules of the two in another order, nor the service at another address.
    expect(changes.flatMap(({ fields }) => fields.map(({ field }) => field))).toEqual(['timeout']);
  });

  it('weft x describe', async () => {
    const text = await weft('x', 'describe', 'svc/cart.shop');
    expect(text).toMatch(/VirtualService: z-older/);
    expect(text).toMatch(/2s/);
  });
});
