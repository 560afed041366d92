import { expect, it } from 'vitest';
import { runAnalyzer } from '../src/analysis/testing.ts';
import analyzer from './conditions.ts';

const object = (kind: string, status: string): string => {
  const group = {
    Service: 'v1',
    ServiceEntry: 'networking.istio.io/v1',
    VirtualService: 'networking.istio.io/v1',
    AuthorizationPolicy: 'security.istio.io/v1',
  }[kind];
  return `apiVersion: ${group ?? 'gateway.networking.k8s.io/v1'}\nkind: ${kind}\nmetadata: {name: a, namespace: shop}\nstatus: ${status}\n`;
};
const condition = (type: string, status = '"False"', reason = 'R'): string => `{type: ${type}, status: ${status}, reason: ${reason}, message: "no: waypoint"}`;
const conditions = (...list: string[]): string => `{conditions: [${list.join(', ')}]}`;
const bound = 'istio.io/WaypointBound';

it.each([
  ['Service', conditions(condition(bound)), 1],
  ['Service', conditions(condition(bound, '"True"')), 0],
  ['Service', conditions(condition(bound, '"Unknown"')), 0],
  ['Service', conditions(condition('Accepted')), 0],
  ['ServiceEntry', conditions(condition(bound)), 1],
  ['ServiceEntry', conditions('{type: Reconciled, message: "no: waypoint"}', `{type: ${bound}}`), 1],
  ['VirtualService', conditions(condition('Reconciled')), 0],
  ['AuthorizationPolicy', conditions(condition('ZtunnelAccepted'), condition('WaypointAccepted')), 2],
  ['AuthorizationPolicy', conditions(condition('WaypointAccepted', '"True"', 'PartiallyInvalid')), 1],
  ['AuthorizationPolicy', conditions(condition('ZtunnelAccepted', '"True"', 'PartiallyInvalid')), 0],
  ['Gateway', conditions(condition('Programmed'), condition('ResolvedRefs'), condition('Conflicted')), 2],
  ['Gateway', `{listeners: [${conditions(condition('Programmed'))}]}`, 0],
  ['HTTPRoute', `{parents: [${conditions(condition('Accepted'))}, ${conditions(condition('ResolvedRefs'))}]}`, 2],
  ['HTTPRoute', `{parents: [${conditions(condition('Accepted'))}, ${conditions(condition('Accepted'))}]}`, 1],
  ['HTTPRoute', conditions(condition('Accepted')), 0],
  ['GRPCRoute', `{parents: [null, ${conditions(condition('Accepted'), '{type: Accepted}')}]}`, 1],
  ['TCPRoute', `{parents: [${conditions(condition('Accepted'))}]}`, 0],
  ['Service', '{conditions: word}', 0],
])('%s with status %s', (kind, status, count) => {
  const said = runAnalyzer(analyzer, object(kind, status));
  expect(said.map(({ code }) => code)).toEqual(Array(count).fill('IST0171'));
  for (const { text } of said) expect(text).toMatch(/type=.*reason=.*message=no: waypoint/);
});
