// What applies to the requests of a cluster: its endpoints, protocol, limits and ejections.

import type { Source } from '../../ir/provenance.ts';
import type { EndpointFacts, Fact, UpstreamFacts } from '../../simulate/simulation.ts';
import { counted } from '../counted.ts';
import type { Places } from './places.ts';
import { balancerText, localityText, ms, percent, tlsText } from './words.ts';

/** A fact in words, and where it is written. */
export interface Said {
  text: string;
  place?: string;
  /** It says more of the line before it. */
  more?: true;
}

/** @param http of HTTP: else of connections */
export function endpointLines({ endpoints, discovery, loadBalancer, protocol, tls }: UpstreamFacts, places: Places, http: boolean): Said[] {
  if (discovery === 'original-destination') return [{ text: 'to the address that the application connects to' }];
  const from = (source: Source): { place?: string } => (source.kind === 'default' ? {} : { place: places.ofSource(source) });
  const spoken = http ? `${protocols[protocol.value]}, ${tlsText(tls.value)}` : tlsText(tls.value);
  const chosen =
    endpoints.total === 1 && loadBalancer.source.kind === 'default'
      ? []
      : [{ text: `load balancing: ${balancerText(loadBalancer.value)}`, ...from(loadBalancer.source) }];
  return [
    ...endpointsText(endpoints, discovery, places),
    ...chosen,
    { text: spoken, ...from(http && tls.source.kind === 'default' ? protocol.source : tls.source) },
  ];
}

const protocols = { http1: 'HTTP/1.1', http2: 'HTTP/2', downstream: 'the protocol of the client' } as const;

function endpointsText(endpoints: EndpointFacts, discovery: UpstreamFacts['discovery'], places: Places): Said[] {
  const { total, healthy, panic, localities, expected } = endpoints;
  if (expected) return [expectedText(expected, places)];
  const what = discovery === 'static' ? 'endpoint' : 'name to look up';
  const several = discovery === 'static' ? 'endpoints' : 'names to look up';
  const ill = healthy < total ? `, ${healthy} of them healthy${panic ? ': too few, so all are used (panic)' : ''}` : '';
  // Why there is none is said where it fails.
  if (total === 0) return [];
  const out: Said[] = [{ text: `${counted(total, what, several)}${ill}` }];
  if (localities.length < 2) return out;
  for (const { locality, priority, total: own, healthy: well, percent: share } of localities) {
    const part = share === undefined ? '' : `, ${percent(share)} of the requests`;
    out.push({
      more: true,
      text: `${localityText(locality)}: ${counted(own, what, several)}${well < own ? ` (${well} healthy)` : ''}, priority ${priority}${part}`,
    });
  }
  return out;
}

function expectedText({ workloads, pods }: NonNullable<EndpointFacts['expected']>, places: Places): Said {
  if (!workloads) return { text: 'endpoints: not known from this input' };
  if (workloads.length === 0) return { text: 'no workload of the input has its labels' };
  const [first] = workloads;
  const names = workloads.map((origin) => places.objectOf(origin)).join(', ');
  return { text: `${pods === undefined ? 'the pods' : counted(pods, 'pod')} of ${names}, by the manifests`, ...(first ? { place: places.of(first) } : {}) };
}

/** Limits, time-outs of connections, and when endpoints are taken out. */
export function limitLines({ breakers, pool, outlier, panicPercent }: UpstreamFacts, places: Places): Said[] {
  const out: Said[] = [];
  const say = <T>(fact: Fact<T> | undefined, text: (value: T) => string, { byDefault = true, more = false } = {}): void => {
    if (!fact || (!byDefault && fact.source.kind === 'default')) return;
    out.push({ text: text(fact.value), place: places.ofSource(fact.source), ...(more ? { more } : {}) });
  };
  const { maxConnections, maxPendingRequests, maxRequests, maxRetries, retryBudget } = breakers;
  if (Object.keys(breakers).length === 0) out.push({ text: 'no limits of connections or requests', place: 'default' });
  say(maxConnections, (most) => `at most ${counted(most, 'connection')}`);
  say(maxPendingRequests, (most) => `at most ${counted(most, 'request')} waiting for a connection, more get 503 UO`);
  say(maxRequests, (most) => `at most ${counted(most, 'request')} at a time, more get 503 UO`);
  if (retryBudget)
    say(
      retryBudget,
      ({ percent: share, minRetryConcurrency }) => `retries: at most ${percent(share)} of the requests under way, or ${minRetryConcurrency} if that is more`,
    );
  else say(maxRetries, (most) => `at most ${counted(most, 'retry', 'retries')} at a time`);
  say(pool.maxRequestsPerConnection, (most) => `a connection ends after ${counted(most, 'request')}`);
  say(pool.connectTimeoutMs, (time) => `a connection is made within ${ms(time)}`);
  say(pool.idleTimeoutMs, (time) => (time === 0 ? 'idle connections stay' : `idle connections end after ${ms(time)}`), { byDefault: false });
  say(pool.maxConnectionDurationMs, (time) => `connections end after ${ms(time)}`);
  if (!outlier) {
    out.push({ text: 'no endpoint is ejected for its errors', place: 'default' });
    return out;
  }
  say(outlier.consecutive5xx, (errors) => `an endpoint is ejected after ${counted(errors, 'response')} 5xx in a row`);
  say(outlier.consecutiveGatewayErrors, (errors) => `an endpoint is ejected after ${counted(errors, 'response')} 502, 503 or 504 in a row`);
  say(outlier.consecutiveLocalOrigin, (errors) => `an endpoint is ejected after ${counted(errors, 'failure')} of connections in a row`, { byDefault: false });
  say(outlier.baseEjectionTimeMs, (time) => `for ${ms(time)}, longer each time`, { more: true });
  say(outlier.intervalMs, (time) => `it comes back at a look that is made every ${ms(time)}`, { more: true });
  say(outlier.maxEjectionPercent, (most) => `at most ${percent(most)} of the endpoints at a time`, { more: true });
  say(
    panicPercent,
    (least) => (least === 0 ? 'ejected ones get nothing, even when all are' : `all get requests again when fewer than ${percent(least)} are healthy`),
    { byDefault: false, more: true },
  );
  return out;
}
