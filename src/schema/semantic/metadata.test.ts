import { expect, test } from 'vitest';
import { checkMetadata } from './metadata.ts';
import { ProblemSink } from './validator.ts';

const dryRun = 'istio.io/dry-run';

test.each([
  ['no annotations', 'VirtualService', {}, 'ALLOW', []],
  ['others do not matter', 'VirtualService', { 'internal.istio.io/other': 'x' }, 'ALLOW', []],
  ['a dry run of what has none', 'VirtualService', { [dryRun]: 'true' }, 'ALLOW', [dryRun]],
  ['a dry run', 'AuthorizationPolicy', { [dryRun]: 'T' }, 'DENY', []],
  ['a dry run without an action', 'AuthorizationPolicy', { [dryRun]: '0' }, undefined, []],
  ['a dry run that is no boolean', 'AuthorizationPolicy', { [dryRun]: 'yes' }, 'ALLOW', [dryRun]],
  ['a dry run of AUDIT', 'AuthorizationPolicy', { [dryRun]: 'true' }, 'AUDIT', [dryRun]],
  [
    'annotations of Istio itself',
    'Gateway',
    { 'internal.istio.io/webhook-always-reject': '', 'internal.istio.io/parents': 'a' },
    'ALLOW',
    ['internal.istio.io/webhook-always-reject', 'internal.istio.io/parents'],
  ],
])('%s', (_, kindName, annotations, action, expected) => {
  const sink = new ProblemSink([]);
  checkMetadata(
    sink,
    { kindName, name: 'cart', namespace: 'shop', labels: {}, annotations: annotations as Record<string, string>, metadata: true },
    { action },
  );
  expect(sink.problems.map((p) => p.path)).toEqual(expected.map((key) => ['metadata', 'annotations', key]));
});
