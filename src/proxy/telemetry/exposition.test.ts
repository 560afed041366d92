import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricFamily } from './metric-snapshot.ts';
import { exposition, expositionFor } from './prometheus.ts';
import { filterFamilies, statsFilter, statsMatcher } from './stats-matcher.ts';
import { quantile, statsJson, statsText } from './stats-text.ts';

const buckets = Array.from({ length: 20 }, (_, i) => (i === 1 ? 2 : i === 3 ? 1 : i === 19 ? 1 : 0));

const families: MetricFamily[] = [
  { name: 'istio_requests_total', type: 'counter', help: 'Requests', series: [{ labels: ['reporter', 'source', 'path', 'a"b\\c\nd'], value: 3 }] },
  {
    name: 'envoy_cluster_upstream_rq',
    type: 'counter',
    help: '',
    series: [{ labels: ['response_code_class', '2xx', 'cluster_name', 'x'], stat: 'cluster.x;.upstream_rq_2xx', value: 0 }],
  },
  { name: 'envoy_server_live', type: 'gauge', help: '', series: [{ labels: [], stat: 'server.live', value: 0 }] },
  { name: 'istio_request_bytes', type: 'histogram', help: '', series: [{ labels: ['l', 'v'], value: 12.5, buckets }] },
  { name: 'empty_total', type: 'counter', help: 'no series', series: [] },
];

const written = (...of: Parameters<typeof exposition>): string => [...exposition(...of)].join('');

describe('the exposition', () => {
  it('TEL-R1: is Prometheus\u2019 text format', () => {
    const lines = written(families, 'prometheus').split('\n');
    expect(lines.slice(0, 7)).toEqual([
      '# HELP istio_requests_total Requests',
      '# TYPE istio_requests_total counter',
      'istio_requests_total{reporter="source",path="a\\"b\\\\c\\nd"} 3',
      '# TYPE envoy_cluster_upstream_rq counter',
      'envoy_cluster_upstream_rq{response_code_class="2xx",cluster_name="x"} 0',
      '# TYPE envoy_server_live gauge',
      'envoy_server_live 0',
    ]);
    expect(lines[7]).toBe('# TYPE istio_request_bytes histogram');
    expect(lines[8]).toBe('istio_request_bytes_bucket{l="v",le="0.5"} 0');
    expect(lines[9]).toBe('istio_request_bytes_bucket{l="v",le="1"} 2');
    expect(lines[26]).toBe('istio_request_bytes_bucket{l="v",le="3600000"} 3');
    expect(lines.slice(27)).toEqual([
      'istio_request_bytes_bucket{l="v",le="+Inf"} 4',
      'istio_request_bytes_sum{l="v"} 12.5',
      'istio_request_bytes_count{l="v"} 4',
      '',
    ]);
  });

  it('is OpenMetrics where it is asked for: the same sample names, counters typed by their stem', () => {
    const text = written(families, 'openmetrics');
    expect(text).toContain('# TYPE istio_requests counter\nistio_requests_total{');
    expect(text).toContain('# TYPE envoy_cluster_upstream_rq unknown\nenvoy_cluster_upstream_rq{');
    expect(text.endsWith('# EOF\n')).toBe(true);
  });

  it.each([
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    ['application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2', 'openmetrics'],
    ['application/openmetrics-text; q=0.2, text/plain; q=0.9', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    ['application/openmetrics-text;q=oops', 'prometheus'],
  ])('Accept %j gives %s', (accept, format) => {
    expect(expositionFor(accept)).toBe(format);
  });

  it('can be read line by line whatever the labels are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const text = written([{ name: 'm_total', type: 'counter', help: '', series: [{ labels: ['l', value], value: 1 }] }], 'prometheus');
        const line = text.split('\n')[1] as string;
        const read = /^m_total\{l="(.*)"\} 1$/s.exec(line)?.[1]?.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
        expect(read).toBe(value);
      }),
    );
  });
});

describe('/stats', () => {
  it('is sorted, with histograms as quantiles at the end', () => {
    expect(statsText(families)).toBe(
      `cluster.x;.upstream_rq_2xx: 0\nistio_requests_total{reporter="source",path="a\\"b\\\\c\\nd"}: 3\nserver.live: 0\nistio_request_bytes{l="v"}: ${[
        'P0(0.5)',
        'P25(0.75)',
        'P50(1)',
        'P75(10)',
        'P90(3600000)',
        'P95(3600000)',
        'P99(3600000)',
        'P99.5(3600000)',
        'P99.9(3600000)',
        'P100(3600000)',
      ].join(' ')}\n`,
    );
    const json = statsJson(families) as { stats: { name?: string; histograms?: { computed_quantiles: unknown[] } }[] };
    expect(json.stats.slice(0, 3).map((s) => s.name)).toEqual(['cluster.x;.upstream_rq_2xx', expect.stringContaining('istio_requests_total'), 'server.live']);
    expect(json.stats[3]?.histograms?.computed_quantiles).toHaveLength(1);
  });

  it('says nothing of a histogram without values', () => {
    const empty: MetricFamily = { name: 'h', type: 'histogram', help: '', series: [{ labels: [], value: 0, buckets: buckets.map(() => 0) }] };
    expect(statsText([empty])).toBe('h: No recorded values\n');
    expect(
      quantile(
        buckets.map(() => 0),
        50,
      ),
    ).toBeUndefined();
  });
});

describe('what scrapes get', () => {
  const taken = (more: Parameters<typeof statsMatcher>[0], ...names: string[]): string[] => names.filter(statsMatcher(more));

  it('TEL-R6: the prefixes, suffixes and expressions of a sidecar', () => {
    const names = [
      'cluster_manager.x',
      'listener_manager.x',
      'server.live',
      'cluster.xds-grpc.x',
      'wasm.x',
      'component.x',
      'istio_requests_total',
      'reporter=.x',
    ];
    const more = ['x.rbac.allowed', 'x.rbac.denied', 'x.shadow_allowed', 'x.shadow_denied', 'vhost.a.route.b.x'];
    expect(taken({}, ...names, ...more)).toEqual([...names, ...more]);
    expect(taken({}, 'cluster.outbound|80||a;.upstream_rq_total', 'listener.x.downstream_cx_total', 'vhost.a.x')).toEqual([]);
    expect(taken({}, 'weft_tables_loaded_total')).toEqual(['weft_tables_loaded_total']);
  });

  it('TEL-R6: proxyStatsMatcher adds; an expression that is none adds nothing', () => {
    const more = { prefixes: ['cluster.outbound'], suffixes: ['_cx_total'], regexps: ['http\\.[a-z]+', '('] };
    expect(taken(more, 'cluster.outbound|80||a;.x', 'listener.x.downstream_cx_total', 'http.abc', 'http.abc.d', 'server.live')).toEqual([
      'cluster.outbound|80||a;.x',
      'listener.x.downstream_cx_total',
      'http.abc',
      'server.live',
    ]);
  });

  it('TEL-R6: usedonly leaves out counters at zero, and no gauges', () => {
    expect(filterFamilies(families, undefined, true).map((f) => f.name)).toEqual(['istio_requests_total', 'envoy_server_live', 'istio_request_bytes']);
    expect(filterFamilies(families, statsFilter('rq_.xx'), false).map((f) => f.name)).toEqual(['envoy_cluster_upstream_rq']);
    expect(statsFilter('(')).toBeUndefined();
  });
});
