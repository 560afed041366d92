// What `weft x precheck` says of gateways whose certificates the control plane may not read, by a real API server's own rules.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { clusterAvailable } from '../kube/cluster.ts';
import { applyAll } from '../kube/control-plane.ts';
import { type Installing, startInstalling } from '../kube/installing.ts';
import { installMeshKinds } from '../kube/mesh-kinds.ts';
import { createPod } from '../kube/mesh-proxies.ts';
import { untilAllowed } from '../kube/rights.ts';
import { until } from '../until.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const available = await clusterAvailable();
const networking = 'networking.istio.io/v1';
const rbac = 'rbac.authorization.k8s.io';

let at: Installing;

/** A Gateway with the pod that it selects. */
async function gateway(namespace: string, name: string, tls: object): Promise<void> {
  await createPod(at.client, { namespace, name, account: 'edge', labels: { gateway: `${namespace}-${name}` } });
  const servers = [{ port: { number: 443, name: 'https', protocol: 'HTTPS' }, hosts: ['*'], tls }];
  const http = [{ route: [{ destination: { host: 'web.example' } }] }];
  await applyAll(at.client, [
    { apiVersion: networking, kind: 'Gateway', metadata: { namespace, name }, spec: { selector: { gateway: `${namespace}-${name}` }, servers } },
    { apiVersion: networking, kind: 'VirtualService', metadata: { namespace, name }, spec: { hosts: ['*'], gateways: [name], http } },
  ]);
}

interface Found {
  code: string;
  origin: string;
  message: string;
}

/** What it says of Secrets: `namespace edge: …`. */
async function said(...args: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await at.run('x', 'precheck', '-o', 'json', ...args);
  if (stdout === '') throw new Error(`it said nothing, and ended with ${status}:\n${stderr}`);
  const found = JSON.parse(stdout) as Found[];
  return found.filter(({ code }) => code === 'WFT0022').map(({ origin, message }) => `${origin}: ${message}`);
}

const unreadable = (namespace: string, gateways: string, allow: string): string =>
  `namespace ${namespace}: the control plane may not read the Secrets of namespace ${namespace}, where certificates of ${gateways} are: ` +
  `install or upgrade with --set controller.secretNamespaces={${allow}}`;
const both = 'Gateway edge/one and Gateway edge/two';

/** Waits until the control plane may read the Secrets of these namespaces, and of no others: the API server decides by what it has heard of. */
async function untilReadable(...namespaces: string[]): Promise<void> {
  const account = { namespace: 'istio-system', name: 'weft-controller' };
  const mayRead = async (namespace: string): Promise<boolean[]> =>
    Promise.all(['list', 'watch'].map((verb) => at.client.canAccount(account, { verb, group: '', resource: 'secrets', namespace })));
  for (const namespace of ['edge', 'open', 'istio-system', 'api']) {
    const expected = namespaces.includes(namespace);
    const holds = async (): Promise<boolean> => (await mayRead(namespace)).every((allowed) => allowed === expected);
    await until(holds, `the Secrets of ${namespace} are ${expected ? '' : 'not '}readable`, 60_000);
  }
}

describe.runIf(available)('gateways with certificates in Secrets', () => {
  beforeAll(async () => {
    at = await startInstalling();
    await installMeshKinds(at.client);
    for (const name of ['edge', 'open', 'istio-system']) await at.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    await gateway('edge', 'one', { mode: 'SIMPLE', credentialName: 'web' });
    await gateway('edge', 'two', { mode: 'MUTUAL', credentialNames: ['rsa', 'ecdsa'] });
    await gateway('edge', 'foreign', { mode: 'SIMPLE', credentialName: 'kubernetes-gateway://open/web' });
    await gateway('open', 'files', { mode: 'SIMPLE', serverCertificate: '/c', privateKey: '/k' });
    await gateway('istio-system', 'own', { mode: 'SIMPLE', credentialName: 'web' });
  });

  afterAll(() => at?.stop());

  test('before an installation: where the one with the default values may not read', async () => {
    expect(await said()).toEqual([unreadable('edge', both, 'edge')]);
    expect(await said('--skip-controlplane')).toEqual([]);
    const { stdout, status } = await at.run('x', 'precheck');
    expect(stdout).toContain('Warning [WFT0022] (namespace edge)');
    expect(status).toBe(1);
  });

  test('of what is installed: what its account may do, and what the values are to be', async () => {
    await at.succeed('install', '-y', '--profile', 'minimal', '--set', 'controller.secretNamespaces={open}');
    await untilReadable('open');
    const allow = 'edge,istio-system,open';
    expect(await said()).toEqual([unreadable('edge', both, allow), unreadable('istio-system', 'Gateway istio-system/own', allow)]);
    // As it says, it is done.
    await at.succeed('upgrade', '-y', '--set', `controller.secretNamespaces={${allow}}`);
    await untilReadable('edge', 'istio-system', 'open');
    expect(await said()).toEqual([]);
    expect((await at.run('x', 'precheck')).status).toBe(0);
  });

  test('rights that somebody else gave count', async () => {
    await at.succeed('upgrade', '-y', '--set', 'controller.secretNamespaces={istio-system}');
    await untilReadable('istio-system');
    expect(await said()).toEqual([unreadable('edge', both, 'edge,istio-system')]);
    const subjects = [{ kind: 'ServiceAccount', namespace: 'istio-system', name: 'weft-controller' }];
    const role = (verbs: string[]): KubeObject[] => [
      { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { namespace: 'edge', name: 'own' }, rules: [{ apiGroups: [''], resources: ['secrets'], verbs }] },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'RoleBinding',
        metadata: { namespace: 'edge', name: 'own' },
        roleRef: { apiGroup: rbac, kind: 'Role', name: 'own' },
        subjects,
      },
    ];
    await applyAll(at.client, role(['list']));
    expect(await said()).toHaveLength(1);
    await applyAll(at.client, role(['list', 'watch']));
    await untilReadable('edge', 'istio-system');
    expect(await said()).toEqual([]);
  });

  test('those of the Gateway API count, too', async () => {
    const group = 'gateway.networking.k8s.io';
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await applyAll(at.client, [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'api' } },
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: {
          name: `gateways.${group}`,
          annotations: { [`${group}/bundle-version`]: 'v1.2.0', 'api-approved.kubernetes.io': 'https://example.com' },
        },
        spec: { group, scope: 'Namespaced', names: { kind: 'Gateway', plural: 'gateways' }, versions: [{ name: 'v1', served: true, storage: true, schema }] },
      },
    ]);
    await at.client.resource(`${group}/v1`, 'Gateway', { fresh: true });
    const listeners = [{ name: 'web', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'web' }] } }];
    const spec = { gatewayClassName: 'istio', listeners };
    await at.client.apply({ apiVersion: `${group}/v1`, kind: 'Gateway', metadata: { namespace: 'api', name: 'front' }, spec });
    await createPod(at.client, { namespace: 'api', name: 'front', account: 'edge', labels: { [`${group}/gateway-name`]: 'front' } });
    expect(await said()).toEqual([unreadable('api', 'Gateway api/front', 'api,istio-system')]);
  });

  test('who may not ask is told that nothing is said of it', async () => {
    await at.client.delete({ apiVersion: `${rbac}/v1`, kind: 'Role', namespace: 'edge', name: 'own' });
    const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }];
    await applyAll(at.client, [
      { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'reads' }, rules },
      {
        apiVersion: `${rbac}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name: 'reads' },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'reads' },
        subjects: [{ apiGroup: rbac, kind: 'User', name: 'reader' }],
      },
    ]);
    await untilAllowed(at.client, 'reader', rules);
    const { stdout, stderr } = await at.run('x', 'precheck', '--as', 'reader');
    expect(stdout).not.toContain('WFT0022');
    expect(stderr).toMatch(/user reader may not ask whether service account istio-system\/weft-controller may (?:list|watch) secrets: nothing is said of that/);
  });
});
