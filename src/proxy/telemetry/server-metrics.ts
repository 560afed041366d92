import type { MetricFamily } from './metric-snapshot.ts';

/** What is known of the process as a whole. */
export interface ServerFacts {
  live: boolean;
  /** 0 live, 1 draining, 2 before the first table, 3 opening sockets. */
  state: 0 | 1 | 2 | 3;
  uptimeSeconds: number;
  concurrency: number;
  memory: { heapUsed: number; heapTotal: number; rss: number };
  connections: number;
  listeners: number;
  clusters: number;
  /** Tables that were taken, and those that were refused. */
  generation: number;
  rejected: number;
  /** Lines that the access log's file did not take. */
  droppedLogLines: number;
}

/** Envoy's names where it has the same; what only weft has begins with `weft_`. */
export function serverFamilies(facts: ServerFacts): MetricFamily[] {
  const envoy = (type: 'counter' | 'gauge', stat: string, value: number): MetricFamily => ({
    name: `envoy_${stat.replaceAll('.', '_')}`,
    type,
    help: '',
    series: [{ labels: [], stat, value }],
  });
  const weft = (type: 'counter' | 'gauge', name: string, help: string, value: number): MetricFamily => ({ name, type, help, series: [{ labels: [], value }] });
  return [
    envoy('gauge', 'server.live', Number(facts.live)),
    envoy('gauge', 'server.state', facts.state),
    envoy('gauge', 'server.uptime', Math.floor(facts.uptimeSeconds)),
    envoy('gauge', 'server.concurrency', facts.concurrency),
    envoy('gauge', 'server.memory_allocated', facts.memory.heapUsed),
    envoy('gauge', 'server.memory_heap_size', facts.memory.heapTotal),
    envoy('gauge', 'server.memory_physical_size', facts.memory.rss),
    envoy('gauge', 'server.total_connections', facts.connections),
    envoy('gauge', 'listener_manager.total_listeners_active', facts.listeners),
    envoy('gauge', 'cluster_manager.active_clusters', facts.clusters),
    weft('counter', 'weft_tables_loaded_total', 'Routing tables taken', facts.generation),
    weft('counter', 'weft_tables_rejected_total', 'Routing tables refused', facts.rejected),
    weft('counter', 'weft_access_log_dropped_lines_total', 'Lines that the access log did not take', facts.droppedLogLines),
  ];
}
