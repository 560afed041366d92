// `defaultConfig` of the mesh configuration: the settings that proxies start with.

import { parseDuration } from '../../manifest/duration.ts';
import type { ProxyConfig, Tracing } from '../../manifest/istio/mesh.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkClientTls } from './client-tls.ts';
import { checkDuration, checkPort, fqdnProblem, isIp, isPort } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

/** Absent fields have defaults, so only what is set to nothing is missing. */
export function checkMeshProxyConfig(sink: ProblemSink, path: Path, config: ProxyConfig): void {
  for (const field of ['configPath', 'binaryPath', 'serviceCluster', 'discoveryAddress'] as const) {
    if (config[field] === '') sink.error([...path, field], `${field} cannot be empty`, { help: 'leave it out for its default' });
  }
  checkDuration(sink, [...path, 'drainDuration'], config.drainDuration);
  if ((parseDuration(config.drainDuration ?? '0s') ?? 0) % 1e9 !== 0) {
    sink.error([...path, 'drainDuration'], `a drainDuration of ${config.drainDuration} is finer than whole seconds`);
  }
  const { envoyMetricsService, envoyAccessLogService } = config;
  checkAddress(sink, [...path, 'discoveryAddress'], config.discoveryAddress);
  checkAddress(sink, [...path, 'statsdUdpAddress'], config.statsdUdpAddress);
  checkAddress(sink, [...path, 'envoyMetricsServiceAddress'], config.envoyMetricsServiceAddress);
  checkAddress(sink, [...path, 'envoyMetricsService', 'address'], envoyMetricsService?.address);
  checkAddress(sink, [...path, 'envoyAccessLogService', 'address'], envoyAccessLogService?.address);
  checkTracing(sink, [...path, 'tracing'], config.tracing ?? {});
  for (const field of ['proxyAdminPort', 'statusPort'] as const) if (config[field] !== undefined) checkPort(sink, [...path, field], config[field]);
  const policy = config.controlPlaneAuthPolicy ?? 'NONE';
  if (policy !== 'NONE' && policy !== 'MUTUAL_TLS')
    sink.error([...path, 'controlPlaneAuthPolicy'], `controlPlaneAuthPolicy is ${policy}, and has to be NONE or MUTUAL_TLS`);
  checkPrivateKeyProvider(sink, [...path, 'privateKeyProvider'], config.privateKeyProvider);
  if (config.proxyMetadata?.ISTIO_META_DNS_AUTO_ALLOCATE !== undefined) {
    sink.warning([...path, 'proxyMetadata', 'ISTIO_META_DNS_AUTO_ALLOCATE'], 'ISTIO_META_DNS_AUTO_ALLOCATE is deprecated', {
      help: 'remove it: the control plane gives service entries without addresses one of their own',
    });
  }
}

function checkTracing(sink: ProblemSink, path: Path, { lightstep, zipkin, datadog, tlsSettings }: Tracing): void {
  if (lightstep) {
    checkAddress(sink, [...path, 'lightstep', 'address'], lightstep.address ?? '', true);
    if (!lightstep.accessToken) sink.error([...path, 'lightstep', 'accessToken'], 'lightstep needs an accessToken');
  }
  // The address of the node is only known to the proxy.
  const onNode = (address = ''): string => address.replace('$(HOST_IP)', '127.0.0.1');
  if (zipkin) checkAddress(sink, [...path, 'zipkin', 'address'], onNode(zipkin.address), true);
  if (datadog) checkAddress(sink, [...path, 'datadog', 'address'], onNode(datadog.address), true);
  checkClientTls(sink, [...path, 'tlsSettings'], tlsSettings, '');
}

/** `host:port`, `10.0.0.1:port`, `[fd00::1]:port`. */
function checkAddress(sink: ProblemSink, path: Path, address: string | undefined, required = false): void {
  if (address === undefined || (address === '' && !required)) return;
  const match = /^(?:\[([^[\]]+)\]|([^:[\]]*)):([^:]*)$/.exec(address);
  const host = match?.[1] ?? match?.[2] ?? '';
  const field = String(path[path.length - 1] === 'address' ? path.slice(-2).join('.') : path[path.length - 1]);
  if (!match) sink.error(path, `${field} "${address}" is not of the form host:port`);
  else if (!/^\d+$/.test(match[3] ?? '') || !isPort(Number(match[3])))
    sink.error(path, `${field} "${address}" has the port ${match[3] || '(none)'}; ports go from 1 to 65535`);
  else if (!isIp(host) && fqdnProblem(host) !== undefined)
    sink.error(path, `${field} "${address}" has the host "${host}", which is neither a host name nor an IP address`);
}

function checkPrivateKeyProvider(sink: ProblemSink, path: Path, provider: ProxyConfig['privateKeyProvider']): void {
  if (!provider) return;
  const field = provider.qat ? 'qat' : 'cryptomb';
  const settings = provider[field];
  if (!settings) sink.error(path, 'privateKeyProvider needs one of cryptomb and qat');
  else if ((parseDuration(settings.pollDelay ?? '0s') ?? 0) === 0) sink.error([...path, field, 'pollDelay'], `the pollDelay of ${field} has to be more than 0`);
}
