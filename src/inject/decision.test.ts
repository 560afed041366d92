import { expect, it } from 'vitest';
import { decide } from './decision.ts';
import { configWith, podFrom } from './testing.ts';

const labelled = (labels: string, annotations = ''): ReturnType<typeof podFrom> => podFrom(`{labels: {${labels}}, annotations: {${annotations}}}`);
const label = 'sidecar.istio.io/inject';
const web = [{ matchLabels: { app: 'web' } }];

it.each([
  ['nothing is said', 'app: web', '', {}, 'shop', true],
  ['the policy is disabled', 'app: web', '', { policy: 'disabled' }, 'shop', false],
  ['the label says so, against the policy', `${label}: "true"`, '', { policy: 'disabled' }, 'shop', true],
  ['the label says no', `${label}: "false"`, '', {}, 'shop', false],
  ['words of YAML', `${label}: "Yes"`, '', { policy: 'disabled' }, 'shop', true],
  ['other words', `${label}: "maybe"`, '', {}, 'shop', false],
  ['an empty label', `${label}: ""`, '', {}, 'shop', true],
  ['the annotation says no', 'app: web', `${label}: "false"`, {}, 'shop', false],
  ['the label is stronger than the annotation', `${label}: "true"`, `${label}: "false"`, {}, 'shop', true],
  ['a namespace of the cluster', `${label}: "true"`, '', {}, 'kube-system', false],
  ['never', 'app: web', '', { neverInjectSelector: web }, 'shop', false],
  ['never, and always', 'app: web', '', { neverInjectSelector: web, alwaysInjectSelector: web }, 'shop', false],
  ['always', 'app: web', '', { policy: 'disabled', alwaysInjectSelector: web }, 'shop', true],
  ['always for others', 'app: cart', '', { policy: 'disabled', alwaysInjectSelector: web }, 'shop', false],
  ['never, and the label says so', `app: web, ${label}: "true"`, '', { neverInjectSelector: web }, 'shop', true],
  ['a selector without requirements', 'app: web', '', { neverInjectSelector: [{}, { matchLabels: {} }, null] }, 'shop', true],
  ['a selector with an expression', 'app: web', '', { neverInjectSelector: [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }] }, 'shop', false],
] as const)('%s', (_, labels, annotations, config, namespace, expected) => {
  const decision = decide(labelled(labels, annotations), namespace, configWith(config as object));
  expect(decision.inject).toBe(expected);
});

it('leaves pods in the network of their node alone, whatever they ask for', () => {
  const pod = podFrom(`{labels: {${label}: "true"}}`, '{hostNetwork: true, containers: []}');
  expect(decide(pod, 'shop', configWith())).toMatchObject({ inject: false, reason: expect.stringContaining('hostNetwork') });
});

it.each([
  [`${label}: "no"`, '', {}, 'label sidecar.istio.io/inject is "no"'],
  ['app: web', `${label}: "no"`, {}, 'annotation sidecar.istio.io/inject is "no"'],
  ['app: web', '', { neverInjectSelector: web }, 'neverInjectSelector'],
  ['app: web', '', { policy: 'disabled' as const }, 'policy of the injector is "disabled"'],
])('tells the reason: %s %s', (labels, annotations, config, reason) => {
  expect(decide(labelled(labels, annotations), 'shop', configWith(config))).toMatchObject({ reason: expect.stringContaining(reason) });
});
