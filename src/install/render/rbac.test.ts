// The control plane may do what it does, and nothing else.
import { describe, expect, it } from 'vitest';
import { kindsWithConditions } from '../../controller/status/status-keeper.ts';
import { meshKinds } from '../../controller/watch/watched-kinds.ts';
import { kindName } from '../../manifest/kinds.ts';
import { mergeValues } from '../merge.ts';
import { definitions } from './crds.ts';
import { renderManifests } from './manifests.ts';
import { clusterRules, namespaceRules, type PolicyRule } from './rbac.ts';

const valuesOf = (...set: string[]) => mergeValues({ files: [], set }).values;

/** Groups and plurals of the kinds that are watched. */
const plurals = new Map([
  ...definitions.map(({ spec: { group, names } }) => [kindName(`${group}/v1`, names.kind), `${group}/${names.plural}`] as const),
  ...['Service', 'Pod', 'Node', 'Namespace'].map((kind) => [kind, `/${kind.toLowerCase()}s`] as const),
  ['EndpointSlice', 'discovery.k8s.io/endpointslices'] as const,
  ...['Gateway', 'ReferenceGrant', 'HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'].map(
    (kind) => [`gateway-api/${kind}`, `gateway.networking.k8s.io/${kind.toLowerCase()}s`] as const,
  ),
]);

const granted = (rules: readonly PolicyRule[]): string[] =>
  rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}${resourceNames ? ` ${resourceNames}` : ''}`)),
    ),
  );

describe('clusterRules', () => {
  const read = ['get', 'list', 'watch'];
  const webhooks = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'].map((name) => `admissionregistration.k8s.io/${name}`);

  it('are to read the kinds that the control plane watches, and to write its own webhooks', () => {
    const watched = meshKinds.map((kind) => plurals.get(kind) ?? `no resource of ${kind}`);
    const expected = [
      ...[...watched, ...webhooks].flatMap((resource) => read.map((verb) => `${verb} ${resource}`)),
      `patch ${webhooks[0]} weft-sidecar-injector`,
      `patch ${webhooks[1]} weft-validator`,
      'create authentication.k8s.io/tokenreviews',
      ...[...read, 'create', 'patch'].map((verb) => `${verb} /configmaps istio-ca-root-cert`),
    ];
    expect(granted(clusterRules(valuesOf())).sort()).toEqual(expected.sort());
  });

  it('are to write conditions only where they are asked for, and of kinds that have them only', () => {
    const added = granted(clusterRules(valuesOf('controller.statusConditions=true'))).filter((right) => !granted(clusterRules(valuesOf())).includes(right));
    const expected = [...kindsWithConditions].map((kind) => `patch ${plurals.get(kind)}/status`);
    expect(added.sort()).toEqual(expected.sort());
  });

  it.each([[[]], [['controller.statusConditions=true']]])('have no wildcards and no secrets: %j', (set) => {
    for (const rule of clusterRules(valuesOf(...set))) {
      expect(JSON.stringify(rule)).not.toContain('*');
      expect(rule.resources).not.toContain('secrets');
    }
  });
});

describe('Secrets of users', () => {
  /** Namespaces, and what may be done there. */
  const rights = (profile: 'default' | 'minimal', ...set: string[]): Record<string, string[]> => {
    const { values } = mergeValues({ files: [], set, profile });
    const objects = renderManifests(values, { weftVersion: '1' }).map(({ object }) => object);
    const roles = objects.filter(({ kind, metadata }) => kind === 'Role' && metadata.name?.endsWith('-secrets'));
    for (const { metadata } of roles) {
      const binding = objects.find((one) => one.kind === 'RoleBinding' && one.metadata.name === metadata.name && one.metadata.namespace === metadata.namespace);
      expect(binding).toMatchObject({
        roleRef: { kind: 'Role', name: metadata.name },
        subjects: [{ kind: 'ServiceAccount', name: 'weft-controller', namespace: 'istio-system' }],
      });
    }
    return Object.fromEntries(roles.map(({ metadata, rules }) => [metadata.namespace, granted(rules as PolicyRule[])]));
  };
  const read = ['get /secrets', 'list /secrets', 'watch /secrets'];

  it('are read where there is a gateway, and where somebody says so', () => {
    expect(rights('minimal')).toEqual({});
    expect(rights('default')).toEqual({ 'istio-system': read });
    expect(rights('default', 'gateways[0].namespace=edge', 'controller.secretNamespaces={shop,edge}')).toEqual({ edge: read, shop: read });
    expect(rights('minimal', 'controller.secretNamespaces={shop}')).toEqual({ shop: read });
    expect(rights('default', 'gateways[0].enabled=false')).toEqual({});
  });
});

it('namespaceRules are about what has its names, but for what is to be created', () => {
  expect(granted(namespaceRules(valuesOf('revision=canary')))).toEqual([
    ...['get', 'list', 'watch'].map((verb) => `${verb} /configmaps istio-canary,istio-sidecar-injector-canary`),
    'create coordination.k8s.io/leases',
    'get coordination.k8s.io/leases weft-controller-canary',
    'update coordination.k8s.io/leases weft-controller-canary',
    'create /secrets',
    ...['get', 'list', 'watch', 'update'].map((verb) => `${verb} /secrets weft-controller-serving-canary,istio-ca-secret`),
    ...['get', 'list', 'watch'].map((verb) => `${verb} /secrets cacerts`),
  ]);
});
