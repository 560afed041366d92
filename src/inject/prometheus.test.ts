import { describe, expect, it } from 'vitest';
import type { PodTemplate } from './pod.ts';
import { annotated, injected, sidecarIn } from './testing.ts';

const annotationsOf = (pod: PodTemplate): Record<string, string> => pod.metadata.annotations ?? {};

describe('metrics', () => {
  const ours = { 'prometheus.io/path': '/stats/prometheus', 'prometheus.io/port': '15020', 'prometheus.io/scrape': 'true' };
  const variable = (pod: PodTemplate): string | undefined => sidecarIn(pod).env?.find(({ name }) => name === 'ISTIO_PROMETHEUS_ANNOTATIONS')?.value;

  it.each([
    ['a: b', undefined],
    ['prometheus.io/port: "8080", prometheus.io/scrape: "true"', '{"scrape":"true","path":"","port":"8080"}'],
    ['prometheus_io_port: "8080", prometheus.io/path: /m', '{"scrape":"","path":"/m","port":"8080"}'],
    ['prometheus.io/port: "8443", prometheus.io/scheme: https', '{"scrape":"","path":"","port":"8443","scheme":"https"}'],
  ])('with %s', (annotations, expected) => {
    const pod = injected(annotated(annotations));
    expect(variable(pod)).toBe(expected);
    const prometheus = Object.entries(annotationsOf(pod)).filter(([name]) => name.startsWith('prometheus'));
    expect(Object.fromEntries(prometheus)).toEqual(ours);
  });

  it.each([
    ['the pod wants none', 'prometheus.io/scrape: "false", prometheus.io/port: "8080"', {}],
    ['the pod does not want them merged', 'prometheus.istio.io/merge-metrics: "false", prometheus.io/port: "8080"', {}],
    ['the mesh does not merge', 'prometheus.io/port: "8080"', { enablePrometheusMerge: false }],
    ['it is at the port of the sidecar already', 'prometheus.io/port: "15020"', {}],
  ])('stay where %s', (_, annotations, mesh) => {
    const pod = injected(annotated(annotations), {}, { mesh });
    expect(annotationsOf(pod)).toMatchObject(annotationsOf(annotated(annotations)));
    expect(annotationsOf(pod)).not.toMatchObject(ours);
    expect(variable(pod)).toBeUndefined();
  });
});
