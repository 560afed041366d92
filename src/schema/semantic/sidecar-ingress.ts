import type { IstioIngressListener, ServerTLSSettings, SidecarPort } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkIp, checkPortName, checkProtocol, checkUnixAddress, isUnixAddress } from './address.ts';
import { checkConnectionPool } from './connection-pool.ts';
import { checkPort } from './primitives.ts';
import { isHttpProtocol, isTlsProtocol } from './protocol.ts';
import { checkServerTls } from './server-tls.ts';
import type { ProblemSink } from './validator.ts';

/** `ingress` of a Sidecar: each listener has a port of its own. */
export function checkIngress(sink: ProblemSink, path: Path, listeners: readonly IstioIngressListener[]): void {
  const numbers = new Set<number>();
  listeners.forEach((listener, i) => {
    const at = [...path, i];
    const { port, bind, defaultEndpoint, tls, connectionPool } = listener;
    if (!port) {
      sink.error([...at, 'port'], 'sidecar ingress listener has no port');
      return;
    }
    const number = port.number ?? 0;
    checkTargetPort(sink, [...at, 'port'], port);
    checkSidecarPort(sink, [...at, 'port'], port);
    checkPort(sink, [...at, 'port', 'number'], number);
    if (bind) checkIp(sink, [...at, 'bind'], bind);
    if (numbers.has(number))
      sink.error([...at, 'port', 'number'], `sidecar ingress listeners share port ${number}; each has its own`, { same: 'listener ports' });
    numbers.add(number);
    if (defaultEndpoint) checkDefaultEndpoint(sink, [...at, 'defaultEndpoint'], defaultEndpoint);
    if (tls) checkIngressTls(sink, [...at, 'tls'], tls, port);
    checkConnectionPool(sink, [...at, 'connectionPool'], connectionPool);
    if (connectionPool?.http && !isHttpProtocol(port.protocol)) {
      const protocol = port.protocol ? `is of protocol ${port.protocol}` : 'has no protocol';
      sink.warning(
        [...at, 'connectionPool', 'http'],
        `sidecar connectionPool has http settings without effect: port ${number} ("${port.name ?? ''}") ${protocol}, not HTTP`,
      );
    }
  });
}

/** Name and protocol of a listener's port; both are optional. */
export function checkSidecarPort(sink: ProblemSink, path: Path, { name, protocol }: SidecarPort): void {
  if (name) checkPortName(sink, [...path, 'name'], name);
  checkProtocol(sink, [...path, 'protocol'], protocol);
}

export function checkTargetPort(sink: ProblemSink, path: Path, { targetPort = 0 }: SidecarPort): void {
  if (targetPort <= 0) return;
  sink.error([...path, 'targetPort'], 'targetPort has no meaning in a sidecar', {
    help: 'remove it; defaultEndpoint of an ingress listener says where requests go',
    fix: { title: 'remove targetPort', path: ['spec', ...path, 'targetPort'], target: 'entry' },
  });
}

const localHosts: ReadonlySet<string> = new Set(['', '127.0.0.1', '0.0.0.0', '::1', '::']);

/** Where the listener sends requests: a port of the workload itself, or a Unix socket. */
function checkDefaultEndpoint(sink: ProblemSink, path: Path, endpoint: string): void {
  if (isUnixAddress(endpoint)) {
    checkUnixAddress(sink, path, endpoint);
    return;
  }
  const split = splitHostPort(endpoint);
  if (typeof split === 'string') {
    sink.error(path, `address ${endpoint} of defaultEndpoint ${split}`);
    // The reference goes on with an empty port.
    checkEndpointPort(sink, path, endpoint, '');
    return;
  }
  const { host, port } = split;
  if (!localHosts.has(host)) {
    const forms = '127.0.0.1:<port>, 0.0.0.0:<port>, [::1]:<port>, [::]:<port>, unix://<filepath>';
    sink.error(path, `sidecar defaultEndpoint ${endpoint} is not the workload itself; its forms are ${forms}`, { same: 'defaultEndpoint form' });
  }
  checkEndpointPort(sink, path, endpoint, port);
}

function checkEndpointPort(sink: ProblemSink, path: Path, endpoint: string, port: string): void {
  const number = /^[-+]?\d+$/.test(port) ? Number(port) : Number.NaN;
  if (Math.abs(number) < 2 ** 63) checkPort(sink, path, number);
  else {
    const what = `the port "${port}", which is not a number${Number.isNaN(number) ? '' : ' of 64 bits'} (strconv.Atoi)`;
    sink.error(path, `sidecar defaultEndpoint ${endpoint} has ${what}`, { same: `defaultEndpoint port ${port}` });
  }
}

/** `host:port`; IPv6 addresses stand in brackets. A text says what is wrong. */
function splitHostPort(text: string): { host: string; port: string } | string {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return 'has no port';
  const port = text.slice(colon + 1);
  if (text.startsWith('[')) {
    const end = text.indexOf(']');
    if (end < 0) return 'is missing a closing bracket';
    if (end + 1 !== colon) return text[end + 1] === ':' ? 'has too many colons' : 'has no port';
    const host = text.slice(1, end);
    return /[[\]]/.test(host + port) ? 'has too many brackets' : { host, port };
  }
  const host = text.slice(0, colon);
  if (host.includes(':')) return 'has too many colons; an IPv6 address stands in brackets';
  return /[[\]]/.test(text) ? 'has a bracket too many' : { host, port };
}

/** TLS from clients outside of the mesh, with certificates from files. */
function checkIngressTls(sink: ProblemSink, path: Path, tls: ServerTLSSettings, port: SidecarPort): void {
  const unsupported: [string, boolean][] = [
    ['subjectAltNames', (tls.subjectAltNames ?? []).length > 0],
    ['httpsRedirect', tls.httpsRedirect === true],
    ['credentialName', Boolean(tls.credentialName)],
    ['credentialNames', (tls.credentialNames ?? []).length > 0],
    ['tlsCertificates', (tls.tlsCertificates ?? []).length > 0],
  ];
  for (const [field, set] of unsupported) if (set) sink.error([...path, field], `sidecar ingress tls cannot have ${field}`);
  if (tls.mode === 'ISTIO_MUTUAL' || tls.mode === 'AUTO_PASSTHROUGH') {
    sink.error([...path, 'mode'], `configured mode ${tls.mode} is not possible in the tls of a sidecar's ingress`);
  }
  if (!isTlsProtocol(port.protocol)) {
    sink.error(path, 'server has tls settings, and its protocol is not one of HTTPS/TLS', { same: 'tls on a plain port' });
  }
  checkServerTls(sink, path, tls);
}
