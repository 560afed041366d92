import { TlsCounters } from '../tls/counters.ts';
import type { MetricFamily } from './metric-snapshot.ts';
import { TlsFamilies } from './tls-families.ts';

/** What one listener counts; those who accept connections and requests change the fields. */
export class ListenerCounters {
  connectionsTotal = 0;
  connectionsActive = 0;
  /** Closed because no filter chain takes them (SEL-R75). */
  noFilterChain = 0;
  requestsTotal = 0;
  requestsActive = 0;
  /** Answered by the codec: they could not be read (LR-R18, R19, R24). */
  requestsRefused = 0;
  readonly tls = new TlsCounters();
}

const stats: readonly (readonly [Exclude<keyof ListenerCounters, 'tls'>, 'counter' | 'gauge', string])[] = [
  ['connectionsTotal', 'counter', 'downstream_cx_total'],
  ['connectionsActive', 'gauge', 'downstream_cx_active'],
  ['noFilterChain', 'counter', 'no_filter_chain_match'],
  ['requestsTotal', 'counter', 'http.downstream_rq_total'],
  ['requestsActive', 'gauge', 'http.downstream_rq_active'],
  ['requestsRefused', 'counter', 'http.downstream_cx_protocol_error'],
];

/** Counters of all listeners, by name. */
export class ListenerMetrics {
  private readonly listeners = new Map<string, ListenerCounters>();

  /** The same object as long as the proxy runs. */
  of(name: string): ListenerCounters {
    let counters = this.listeners.get(name);
    if (!counters) {
      counters = new ListenerCounters();
      this.listeners.set(name, counters);
    }
    return counters;
  }

  /** What is active stays. */
  reset(): void {
    for (const counters of this.listeners.values()) {
      for (const [field, type] of stats) if (type === 'counter') counters[field] = 0;
      counters.tls.reset();
    }
  }

  families(): MetricFamily[] {
    const tls = new TlsFamilies('listener', 'listener_address');
    for (const [name, counters] of this.listeners) tls.add(name, `listener.${name}.`, counters.tls, 'downstream_context_secrets_not_ready');
    const own = stats.map(([field, type, stat]) => ({
      name: `envoy_listener_${stat.replaceAll('.', '_')}`,
      type,
      help: '',
      series: [...this.listeners].map(([name, counters]) => ({ labels: ['listener_address', name], stat: `listener.${name}.${stat}`, value: counters[field] })),
    }));
    return [...own, ...tls.list()];
  }
}
