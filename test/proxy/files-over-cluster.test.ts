// `weft proxy run -k -f`: what the cluster gave an object stays where a file with the object is laid over it. The other commands:
// test/files-over-cluster.test.ts.
import { afterEach, expect, it } from 'vitest';
import { fakeCluster } from '../fake-cluster.ts';
import { freePorts } from '../free-ports.ts';
import { fileOverCluster, objectsOfCluster } from '../over-cluster.ts';
import { closeAll, page, toClose } from './support.ts';
import { Folder, WeftProcess } from './weft-process.ts';

afterEach(closeAll);

it('keeps the address of a service', async () => {
  const cluster = await fakeCluster(objectsOfCluster);
  toClose(cluster);
  const { path } = new Folder({ 'mesh.yaml': fileOverCluster });
  const [outbound = 0, admin = 0] = await freePorts(2);
  const ports = ['--outbound-port', outbound, '--inbound-port', 0, '--admin-port', admin, '--stats-port', 0, '--agent-port', 0, '--health-port', 0].map(String);
  const proxy = new WeftProcess({ KUBECONFIG: cluster.kubeconfig }, 'proxy', 'run', '-k', '-f', path, '-n', 'shop', ...ports);
  await proxy.says(/\bserving\b/);
  expect((await page(admin, '/config_dump')).body).toContain('10.96.0.10_3306');
  proxy.signal('SIGTERM');
  expect(await proxy.exited).toBe(0);
});
