import { describe, expect, it } from 'vitest';
import { profileValues } from '../install/profiles.ts';
import { renderManifests } from '../install/render/manifests.ts';
import { injectorWebhooks, type Verdict, verdicts } from './webhook-verdicts.ts';

/** The webhooks of two installations. */
function installed(enableNamespacesByDefault = false): Record<string, unknown>[] {
  return ['default', 'canary'].flatMap((revision) => {
    const values = { ...profileValues('default'), revision };
    values.injector.enableNamespacesByDefault = enableNamespacesByDefault && revision === 'default';
    return renderManifests(values, { weftVersion: '1' }).flatMap(({ object }) => (object.kind.endsWith('WebhookConfiguration') ? [{ ...object }] : []));
  });
}

const of = (namespace: object, pod: object, byDefault = false): Verdict[] => verdicts(injectorWebhooks(installed(byDefault)), namespace as never, pod as never);
const asked = (found: readonly Verdict[]): string[] => found.filter(({ injects }) => injects).map(({ revision }) => revision);

it('knows injectors by the names of their hooks', () => {
  expect(injectorWebhooks(installed()).map(({ name, revision }) => [name, revision])).toEqual([
    ['weft-sidecar-injector', 'default'],
    ['weft-sidecar-injector-canary', 'canary'],
  ]);
  const other = { metadata: { name: 'x' }, webhooks: [{ name: 'mutate.example.com' }, { name: 'validation.istio.io' }] };
  expect(injectorWebhooks([other, {}, { webhooks: 'x' }])).toEqual([]);
});

// spec/install.md, 5
describe('who is asked', () => {
  it.each([
    ['nothing', {}, {}, []],
    ['the namespace', { 'istio-injection': 'enabled' }, {}, ['default']],
    ['the namespace, against the pod', { 'istio-injection': 'enabled' }, { 'sidecar.istio.io/inject': 'false' }, []],
    ['the revision of the namespace', { 'istio.io/rev': 'canary' }, {}, ['canary']],
    ['both labels of the namespace: the first wins', { 'istio-injection': 'enabled', 'istio.io/rev': 'canary' }, {}, ['default']],
    [
      'a namespace that opts out, against all of the pod',
      { 'istio-injection': 'disabled' },
      { 'sidecar.istio.io/inject': 'true', 'istio.io/rev': 'canary' },
      [],
    ],
    ['the pod', {}, { 'sidecar.istio.io/inject': 'true' }, ['default']],
    ['the revision of the pod', {}, { 'istio.io/rev': 'canary' }, ['canary']],
    ['the revision of the pod, which opts out', {}, { 'istio.io/rev': 'canary', 'sidecar.istio.io/inject': 'false' }, []],
  ])('by %s', (_, namespace, pod, expected) => {
    expect(asked(of(namespace, pod))).toEqual(expected);
  });

  it('everybody, where the installation says so', () => {
    expect(asked(of({}, {}, true))).toEqual(['default']);
    expect(asked(of({ 'kubernetes.io/metadata.name': 'kube-system' }, {}, true))).toEqual([]);
  });
});

describe('why', () => {
  it.each([
    [{ 'istio-injection': 'enabled' }, {}, 'the namespace has istio-injection=enabled'],
    [{}, { 'sidecar.istio.io/inject': 'true' }, 'the pod has sidecar.istio.io/inject=true'],
    [{ 'istio-injection': 'enabled' }, { 'sidecar.istio.io/inject': 'false' }, 'the pod has sidecar.istio.io/inject=false'],
    [{ 'istio-injection': 'disabled' }, {}, 'the namespace has istio-injection=disabled'],
    [
      { 'istio.io/rev': 'other' },
      {},
      'needs istio.io/rev=default or istio-injection=enabled on the namespace, or istio.io/rev=default or sidecar.istio.io/inject=true on the pod',
    ],
  ])('%j and %j', (namespace, pod, reason) => {
    expect(of(namespace, pod)[0]).toMatchObject({ revision: 'default', reason });
  });

  it('without any condition', () => {
    expect(of({}, {}, true)[0]).toMatchObject({ injects: true, reason: 'it is for pods and namespaces without labels, too' });
  });

  it('a webhook that was put out of use', () => {
    const off = { matchLabels: { 'istio.io/deactivated': 'never-match' } };
    const webhook = { metadata: { name: 'old' }, webhooks: [{ name: 'a.sidecar-injector.istio.io', namespaceSelector: off }] };
    expect(verdicts(injectorWebhooks([webhook]), {}, {})).toEqual([
      { webhook: 'old', revision: '', injects: false, reason: 'needs istio.io/deactivated=never-match on the namespace' },
    ]);
  });
});
