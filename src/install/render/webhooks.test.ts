// Who is asked for a pod: all combinations of labels, as the API server evaluates the selectors.
import { describe, expect, it } from 'vitest';
import { mergeValues } from '../merge.ts';
import { renderTag } from './revision-tag.ts';
import { mutatingHooks, type Requirement, renderWebhooks, validatingHooks } from './webhooks.ts';

const valuesOf = (...set: string[]) => mergeValues({ files: [], set }).values;

interface Hook {
  name: string;
  namespaceSelector?: { matchExpressions: Requirement[] };
  objectSelector: { matchExpressions: Requirement[] };
  clientConfig: { service: { name: string; namespace: string; path: string; port: number; caBundle?: string } };
  [field: string]: unknown;
}

type Labels = Readonly<Record<string, string>>;

/** As `metav1.LabelSelector`. */
function fits(requirements: readonly Requirement[], labels: Labels): boolean {
  return requirements.every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    return operator === 'In' ? value !== undefined && values.includes(value) : value === undefined || !values.includes(value);
  });
}

const askedBy = (hooks: readonly Hook[], namespace: Labels, pod: Labels): string[] =>
  hooks.flatMap(({ name, namespaceSelector, objectSelector }) =>
    fits(namespaceSelector?.matchExpressions ?? [], namespace) && fits(objectSelector.matchExpressions, pod)
      ? [name.replace('.sidecar-injector.istio.io', '')]
      : [],
  );

const labelled = (text: string): Labels => Object.fromEntries(text.split(' ').flatMap((pair) => (pair === '' ? [] : [pair.split('=') as [string, string]])));
const inject = 'sidecar.istio.io/inject';

describe('injection', () => {
  const hooks = mutatingHooks(valuesOf(), 'default') as Hook[];

  // spec/install.md, 5
  it.each<[string, string, string[]]>([
    ['', '', []],
    ['istio-injection=enabled', '', ['namespace']],
    ['istio-injection=enabled', `${inject}=false`, []],
    ['istio-injection=enabled', `${inject}=true`, ['namespace']],
    ['istio-injection=enabled istio.io/rev=default', '', ['namespace']],
    ['istio-injection=enabled istio.io/rev=canary', '', ['namespace']],
    ['istio-injection=disabled', '', []],
    ['istio-injection=disabled', `${inject}=true`, []],
    ['istio-injection=disabled istio.io/rev=default', `${inject}=true`, []],
    ['istio-injection=disabled', 'istio.io/rev=default', []],
    ['istio.io/rev=default', '', ['rev.namespace']],
    ['istio.io/rev=default', `${inject}=false`, []],
    ['istio.io/rev=canary', '', []],
    ['istio.io/rev=canary', 'istio.io/rev=default', []],
    ['', `${inject}=true`, ['object']],
    ['', `${inject}=true istio.io/rev=default`, ['rev.object']],
    ['', `${inject}=true istio.io/rev=canary`, []],
    ['', 'istio.io/rev=default', ['rev.object']],
    ['', `istio.io/rev=default ${inject}=false`, []],
  ])('of a namespace with "%s" and a pod with "%s"', (namespace, pod, asked) => {
    expect(askedBy(hooks, labelled(namespace), labelled(pod))).toEqual(asked);
  });

  it('asks at most one webhook of one revision, and never two revisions', () => {
    const words = ['', 'enabled', 'disabled'];
    const revisions = ['', 'default', 'canary'];
    const both = [...hooks, ...(mutatingHooks(valuesOf('revision=canary', 'injector.enableNamespacesByDefault=true'), 'canary') as Hook[])];
    const byDefault = [...(mutatingHooks(valuesOf('injector.enableNamespacesByDefault=true'), 'default') as Hook[]), ...both.slice(hooks.length)];
    const optional = (key: string, value: string): Labels => (value === '' ? {} : { [key]: value });
    for (const set of [both, byDefault])
      for (const injection of words)
        for (const revision of revisions)
          for (const own of ['', 'true', 'false'])
            for (const podRevision of revisions) {
              const namespace = { ...optional('istio-injection', injection), ...optional('istio.io/rev', revision), 'kubernetes.io/metadata.name': 'a' };
              const pod = { ...optional(inject, own), ...optional('istio.io/rev', podRevision) };
              expect(askedBy(set, namespace, pod).length, JSON.stringify({ namespace, pod })).toBeLessThanOrEqual(1);
            }
  });

  it('asks for namespaces without labels where that is the default, but not for the cluster itself', () => {
    const open = mutatingHooks(valuesOf('injector.enableNamespacesByDefault=true'), 'default') as Hook[];
    const of = (name: string, pod: string): string[] => askedBy(open, { 'kubernetes.io/metadata.name': name }, labelled(pod));
    expect(['shop', 'kube-system'].map((name) => of(name, ''))).toEqual([['auto'], []]);
    expect([`${inject}=false`, `${inject}=true`, 'istio.io/rev=canary'].map((pod) => of('shop', pod))).toEqual([[], ['object'], []]);
  });

  it('has another revision only for those who name it', () => {
    const canary = mutatingHooks(valuesOf('revision=canary'), 'canary') as Hook[];
    expect(canary.map(({ name }) => name)).toEqual(['rev.namespace.sidecar-injector.istio.io', 'rev.object.sidecar-injector.istio.io']);
    expect(askedBy(canary, { 'istio.io/rev': 'canary' }, {})).toEqual(['rev.namespace']);
  });

  it('is asked for new pods only, once, and is not passed over when nobody answers', () => {
    for (const hook of hooks) {
      expect(hook).toMatchObject({
        failurePolicy: 'Fail',
        reinvocationPolicy: 'Never',
        sideEffects: 'None',
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        clientConfig: { service: { name: 'weft-controller', namespace: 'istio-system', path: '/inject', port: 443 } },
      });
      // The controller's own.
      expect(hook.clientConfig).not.toHaveProperty('caBundle');
    }
  });
});

describe('validation', () => {
  it.each<[string, string[], string[]]>([
    ['default', [], ['validation.istio.io']],
    ['default', ['istio.io/rev=default'], ['rev.validation.istio.io']],
    ['default', ['istio.io/rev=canary'], []],
    ['canary', [], []],
    ['canary', ['istio.io/rev=canary'], ['rev.validation.istio.io']],
  ])('of revision %s, of an object with %j', (revision, labels, asked) => {
    const hooks = validatingHooks(valuesOf(`revision=${revision}`), revision) as Hook[];
    expect(askedBy(hooks, {}, labelled(labels.join(' ')))).toEqual(asked);
  });

  it.each([
    [[], ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']],
    [['validation.enabled=false'], ['MutatingWebhookConfiguration']],
    [['injector.enabled=false'], ['ValidatingWebhookConfiguration']],
  ])('with %j there are %j', (set, kinds) => {
    expect(renderWebhooks({ values: valuesOf(...set), options: { weftVersion: '1' } }).map(({ object }) => object.kind)).toEqual(kinds);
  });
});

describe('a tag', () => {
  const tag = (name: string, ...set: string[]) => renderTag(valuesOf('revision=canary', ...set), name, { weftVersion: '1' });

  it('leads those who name it to its revision, whose control plane may write its authority into it', () => {
    const [role, binding, webhook, ...rest] = tag('prod').map(({ object }) => object) as unknown as Record<string, unknown>[];
    expect(rest).toEqual([]);
    expect(webhook?.metadata).toMatchObject({ name: 'weft-revision-tag-prod', labels: { 'istio.io/tag': 'prod', 'istio.io/rev': 'canary' } });
    const hooks = webhook?.webhooks as Hook[];
    expect(askedBy(hooks, { 'istio.io/rev': 'prod' }, {})).toEqual(['rev.namespace']);
    expect(askedBy(hooks, { 'istio.io/rev': 'canary' }, {})).toEqual([]);
    expect(hooks[0]?.clientConfig.service.name).toBe('weft-controller-canary');
    expect(role?.rules).toEqual([
      {
        apiGroups: ['admissionregistration.k8s.io'],
        resources: ['mutatingwebhookconfigurations'],
        verbs: ['patch'],
        resourceNames: ['weft-revision-tag-prod'],
      },
    ]);
    expect(binding).toMatchObject({ roleRef: { name: 'weft-revision-tag-prod-istio-system' }, subjects: [{ name: 'weft-controller-canary' }] });
  });

  it('default has what names no revision, and validates it', () => {
    const objects = tag('default').map(({ object }) => object) as unknown as { kind: string; webhooks: Hook[] }[];
    const [mutating, validating] = objects.slice(2);
    expect(askedBy(mutating?.webhooks ?? [], { 'istio-injection': 'enabled' }, {})).toEqual(['namespace']);
    expect(askedBy(validating?.webhooks ?? [], {}, {})).toEqual(['validation.istio.io']);
    expect(tag('default', 'validation.enabled=false').map(({ object }) => object.kind)).not.toContain('ValidatingWebhookConfiguration');
  });
});
