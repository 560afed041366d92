import { describe, expect, it } from 'vitest';
import { checkTargets } from './target-reference.ts';
import { placeOf, problemsOf } from './testing.ts';

const places = (yaml: string): string[] =>
  problemsOf((spec: Parameters<typeof checkTargets>[1], sink) => checkTargets(sink, spec), 'Telemetry', yaml).map(placeOf);

describe('checkTargets', () => {
  it.each([
    '{}',
    'selector: {matchLabels: {app: cart}}',
    'targetRef: {kind: Service, name: cart}',
    'targetRef: {group: core, kind: Service, name: cart}',
    'targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: a}, {group: networking.istio.io, kind: ServiceEntry, name: b}]',
    'targetRef: {group: gateway.networking.k8s.io, kind: GatewayClass, name: istio}',
    '{selector: {matchLabels: {app: cart}}, targetRefs: []}',
  ])('takes %s', (yaml) => {
    expect(places(yaml)).toEqual([]);
  });

  it.each([
    ['{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: a}]}', ['IST0106 spec.targetRefs']],
    ['{selector: {matchLabels: {a: b}}, targetRef: {kind: Service, name: a}}', ['IST0106 spec.targetRef']],
    ['{targetRef: {kind: Service, name: a}, targetRefs: [{kind: Service, name: a}]}', ['IST0106 spec.targetRefs']],
    ['targetRef: {kind: Service}', ['IST0106 spec.targetRef.name']],
    ['targetRef: {kind: Service, name: a, namespace: b}', ['IST0106 spec.targetRef.namespace']],
    ['targetRef: {group: networking.istio.io, kind: Gateway, name: a}', ['IST0106 spec.targetRef.kind']],
    ['targetRef: {group: gateway.networking.k8s.io/v1, kind: Gateway, name: a}', ['IST0106 spec.targetRef.kind']],
    ['targetRefs: [{kind: Service, name: a}, null]', ['IST0106 spec.targetRefs[1].name', 'IST0106 spec.targetRefs[1].group']],
    ['selector: {}', ['IST0133 spec.selector']],
    ['selector: {matchLabels: {app: "c*"}}', ['IST0106 spec.selector.matchLabels.app']],
  ])('refuses %s', (yaml, expected) => {
    expect(places(yaml)).toEqual(expected);
  });
});
