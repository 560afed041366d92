import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../ir/cluster.ts';
import { clusterOf, endpoints, world } from '../core/balance/testing.ts';
import type { MetricFamily } from '../telemetry/metric-snapshot.ts';
import { UpstreamGauges } from '../telemetry/upstream-gauges.ts';
import { outliersText } from './outlier-page.ts';
import { clusterStatus, mergeOutlierReports, outlierReport } from './upstream-status.ts';

const outlier: Cluster['outlier'] = {
  consecutive5xx: 2,
  splitLocalOrigin: false,
  intervalMs: 10_000,
  baseEjectionTimeMs: 30_000,
  maxEjectionTimeMs: 300_000,
  maxEjectionPercent: 50,
};

const two = (more: Partial<Cluster> = {}) => world(clusterOf(endpoints(2), { outlier, breakers: { maxConnections: 2, maxRequests: 1 }, ...more }));

const values = (families: readonly MetricFamily[]): Record<string, number> =>
  Object.fromEntries(families.flatMap((family) => family.series.map((s) => [s.stat?.split(';.')[1] ?? '', s.value])));

describe('the state of clusters', () => {
  it('TEL-R21: limits, counters of endpoints and who is ejected', () => {
    const { state } = two();
    const [first] = state.hosts;
    if (!first) throw new Error('no host');
    expect(state.breakers.requests.tryAcquire()).toBe(true);
    first.beginConnection();
    first.beginRequest();
    state.recordResponse(first, 503);
    state.recordResponse(first, 503);
    const status = clusterStatus(state);
    expect(status).toMatchObject({ limits: { connections: 2, requests: 1, pendingRequests: undefined }, active: { requests: 1 }, outlierDetection: true });
    expect(status.hosts[0]).toMatchObject({
      address: first.key,
      unhealthy: ['failed_outlier_check'],
      requestsFailed: 2,
      requestsActive: 1,
      connectionsTotal: 1,
    });
    expect(status.hosts[1]?.unhealthy).toEqual([]);
    expect(structuredClone(status)).toEqual(status);
  });

  it('TEL-R7: gauges of limits and ejections', () => {
    const { state } = two();
    const [first, second] = state.hosts;
    if (!first || !second) throw new Error('no host');
    state.breakers.requests.tryAcquire();
    state.breakers.requests.tryAcquire();
    state.breakers.connections.tryAcquire();
    for (const host of [first, second]) for (let i = 0; i < 2; i++) state.recordResponse(host, 500);
    expect(values(new UpstreamGauges().families([state]))).toMatchObject({
      upstream_rq_active: 1,
      upstream_rq_active_overflow: 1,
      'circuit_breakers.default.remaining_rq': 0,
      'circuit_breakers.default.rq_open': 1,
      'circuit_breakers.default.remaining_cx': 1,
      'circuit_breakers.default.cx_open': 0,
      'circuit_breakers.default.remaining_pending': 4294967295,
      membership_total: 2,
      membership_healthy: 1,
      'outlier_detection.ejections_active': 1,
      'outlier_detection.ejections_enforced_total': 1,
      'outlier_detection.ejections_enforced_consecutive_5xx': 1,
      'outlier_detection.ejections_overflow': 1,
    });
  });

  it('TEL-R7: totals never get smaller when endpoints go', () => {
    const { state } = two();
    const gauges = new UpstreamGauges();
    const [first, second] = state.hosts;
    if (!first || !second) throw new Error('no host');
    for (const host of [first, first, second]) host.beginRequest();
    expect(values(gauges.families([state])).upstream_rq_total).toBe(3);
    for (const host of [first, first, second]) host.endRequest();
    state.update(clusterOf(endpoints(1), { outlier }));
    expect(state.hosts).toHaveLength(1);
    expect(values(gauges.families([state])).upstream_rq_total).toBe(3);
    state.hosts[0]?.beginRequest();
    state.update(clusterOf(endpoints(2), { outlier }));
    expect(values(gauges.families([state])).upstream_rq_total).toBe(4);
    expect(gauges.families([])).toEqual([]);
  });

  it('reports outliers with their history, of all threads', () => {
    const { state, clock } = two();
    const [first] = state.hosts;
    if (!first) throw new Error('no host');
    expect(outliersText(outlierReport([state]), clock.wallTime())).toBe('nobody is ejected\n');
    for (let i = 0; i < 2; i++) state.recordResponse(first, 500);
    const report = outlierReport([state]);
    expect(report.clusters).toMatchObject([
      { hosts: 2, maxEjectionPercent: 50, ejections: 1, overflows: 0, ejected: [{ address: first.key, reason: 'consecutive_5xx', ejections: 1 }] },
    ]);
    const [ejection] = report.clusters[0]?.ejected ?? [];
    expect(ejection?.since).toBeCloseTo(clock.wallTime(), 3);
    expect((ejection?.until ?? 0) - (ejection?.since ?? 0)).toBe(30_000);
    expect(report.history).toMatchObject([{ action: 'ejected', address: first.key, cluster: state.cluster.name }]);
    expect(outliersText(report, clock.wallTime())).toContain('(30.0 s left), ejection 1\n');
    const other = { clusters: report.clusters, history: [{ ...report.history[0], at: 0 } as (typeof report.history)[number]] };
    expect(mergeOutlierReports([report, other])).toEqual({ clusters: report.clusters, history: [other.history[0], report.history[0]] });
    expect(outliersText({ clusters: [], history: [] }, 0)).toBe('no cluster has outlier detection\n');
  });
});
