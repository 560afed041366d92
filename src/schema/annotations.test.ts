import { expect, it } from 'vitest';
import { annotationProblem } from './annotations.ts';

const traffic = 'traffic.sidecar.istio.io';

it.each([
  ['sidecar.istio.io/interceptionMode', 'TPROXY'],
  ['status.sidecar.istio.io/port', ' 15020 '],
  ['status.sidecar.istio.io/port', '0'],
  ['readiness.status.sidecar.istio.io/periodSeconds', '4294967295'],
  [`${traffic}/includeOutboundIPRanges`, '*'],
  [`${traffic}/includeOutboundIPRanges`, '10.0.0.0/8,fd00::/8'],
  [`${traffic}/excludeOutboundIPRanges`, ''],
  [`${traffic}/includeInboundPorts`, '*'],
  [`${traffic}/excludeInboundPorts`, '80, 443'],
  [`${traffic}/excludeOutboundPorts`, ' '],
  ['prometheus.istio.io/merge-metrics', 'F'],
  ['proxy.istio.io/config', ''],
  ['proxy.istio.io/config', 'concurrency: 2\nnoSuchField: 1'],
  ['proxy.istio.io/config', 'drainDuration: 30s\ndiscoveryAddress: istiod.istio-system.svc:15012'],
  ['proxy.istio.io/config', 'tracing: {zipkin: {address: "$(HOST_IP):9411"}}'],
  ['sidecar.istio.io/proxyCPU', 'whatever'],
])('%s takes %j', (name, value) => {
  expect(annotationProblem(name, value)).toBeUndefined();
});

it.each([
  ['sidecar.istio.io/interceptionMode', 'redirect', 'REDIRECT,TPROXY,NONE'],
  ['status.sidecar.istio.io/port', 'abc', '"abc"'],
  ['status.sidecar.istio.io/port', '65536', '"65536"'],
  ['readiness.status.sidecar.istio.io/periodSeconds', '-1', 'strconv.ParseUint'],
  ['readiness.status.sidecar.istio.io/periodSeconds', '4294967296', 'strconv.ParseUint'],
  [`${traffic}/includeOutboundIPRanges`, '10.0.0.0', '"10.0.0.0"'],
  [`${traffic}/includeOutboundIPRanges`, '10.0.0.0/8, 10.1.0.0/16', '" 10.1.0.0/16"'],
  [`${traffic}/excludeOutboundIPRanges`, '*', '"*"'],
  [`${traffic}/includeInboundPorts`, '80,*', '"*"'],
  [`${traffic}/excludeInboundPorts`, '80,,443', '""'],
  ['prometheus.istio.io/merge-metrics', 'yes', '"yes"'],
  ['proxy.istio.io/config', 'concurrency: [', 'line 1'],
  ['proxy.istio.io/config', 'concurrency: x', 'concurrency'],
  ['proxy.istio.io/config', '- a', 'a map'],
  ['proxy.istio.io/config', 'statusPort: 70000', '70000'],
  ['proxy.istio.io/config', 'discoveryAddress: istiod', '"istiod"'],
])('%s does not take %j', (name, value, part) => {
  expect(annotationProblem(name, value)).toContain(part);
});
