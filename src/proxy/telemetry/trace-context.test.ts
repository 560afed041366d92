import { describe, expect, it } from 'vitest';
import { ExchangeRecord } from '../core/exchange-record.ts';
import { conditionRequest } from '../core/request-head.ts';
import { applyRoute, decorate } from '../core/route-request.ts';
import { compiled, connection, gateway, head, ids, inbound, route, sidecar } from '../core/testing.ts';

const contexts: Readonly<Record<string, readonly string[]>> = {
  'B3, several headers': [
    ...['x-b3-traceid', '80f198ee56343ba864fe8b2a57d3eff7', 'x-b3-spanid', 'e457b5a2e4d86bd1', 'x-b3-parentspanid', '05e3ac9a4f6e3b90'],
    ...['x-b3-sampled', '0', 'x-b3-flags', '1'],
  ],
  'B3, one header': ['b3', '80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1'],
  W3C: ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00', 'tracestate', 'a=1', 'tracestate', 'b=2', 'baggage', 'k=v'],
  malformed: ['traceparent', 'nonsense', 'b3', '', 'x-b3-sampled', 'maybe'],
  none: [],
};
const names = /^(b3|x-b3-.*|traceparent|tracestate|baggage|x-cloud-trace-context|x-datadog-.*|x-ot-span-context)$/;

function forwarded(policy: typeof sidecar, headers: readonly string[]): string[] {
  const record = new ExchangeRecord();
  const refusal = conditionRequest(head({ headers: [...headers] }), connection(), policy, ids, record);
  expect(refusal).toBeUndefined();
  const chosen = compiled(route());
  const [cluster] = chosen.clusters;
  if (!cluster) throw new Error('no cluster');
  decorate(record, chosen, policy.egress);
  applyRoute(record, chosen, cluster);
  const found: string[] = [];
  for (let i = 0; i < record.headers.length; i += 2) if (names.test(record.headers[i] ?? '')) found.push(...record.headers.slice(i, i + 2));
  return found;
}

describe('TEL-R30: trace context is passed on untouched, and none is made', () => {
  for (const [place, policy] of Object.entries({ sidecar, gateway: gateway(0), inbound })) {
    it.each(Object.keys(contexts))(`${place}: %s`, (name) => {
      const context = contexts[name] as readonly string[];
      expect(forwarded(policy, ['accept', '*/*', ...context])).toEqual(context);
    });
  }
});
