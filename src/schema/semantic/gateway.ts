import type { Gateway, Port, Server } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkIp, checkScopedHost, checkUnixAddress, isUnixAddress } from './address.ts';
import { checkPort, isDnsLabel, itemsOf } from './primitives.ts';
import { isHttpProtocol, isKnownProtocol, isTlsProtocol, protocolNames } from './protocol.ts';
import { checkServerTls } from './server-tls.ts';
import { ProblemSink, type Validator } from './validator.ts';

export const validateGateway: Validator<Gateway> = (gateway, sink, { name }) => {
  if (!isDnsLabel(name)) {
    new ProblemSink(['metadata'], sink.problems).error(
      ['name'],
      `invalid gateway name "${name}": it is not a DNS label (letters, digits and dashes, no dash at either end, no dots)`,
    );
  }
  const servers = itemsOf(gateway.servers);
  if (servers.length === 0) sink.error(['servers'], 'gateway has no servers', { help: 'give it a server for each port that it listens on' });
  const names = new Set<string>();
  servers.forEach((server, i) => {
    const path = ['servers', i];
    checkServer(sink, path, server);
    const { port } = server;
    if (!port) return;
    const portName = port.name ?? '';
    if (names.has(portName))
      sink.error(
        [...path, 'port', 'name'],
        portName === '' ? 'port names of a gateway are unique, and several are missing' : `port names of a gateway are unique, and several are ${portName}`,
      );
    names.add(portName);
    if (!isHttpProtocol(port.protocol) && server.tls?.httpsRedirect) {
      sink.warning([...path, 'tls', 'httpsRedirect'], 'tls.httpsRedirect is for ports of protocol HTTP only', { same: 'httpsRedirect' });
    }
  });
};

function checkServer(sink: ProblemSink, path: Path, server: Server): void {
  const { hosts = [], port, bind = '', tls } = server;
  if (hosts.length === 0) sink.error([...path, 'hosts'], 'server has no hosts', { help: 'name them; "*" stands for all' });
  hosts.forEach((host, i) => checkScopedHost(sink, [...path, 'hosts', i], host, 'gateway'));
  const portRight = checkServerPort(sink, path, port, bind);
  checkBind(sink, path, port, bind);
  if (tls) checkServerTls(sink, [...path, 'tls'], tls);
  if (portRight) checkTlsFitsPort(sink, path, server);
}

/** @returns whether there is no error */
function checkServerPort(sink: ProblemSink, path: Path, port: Port | undefined, bind: string): boolean {
  const at = [...path, 'port'];
  if (!port) {
    sink.error(at, 'port is missing from a server', { help: 'for example port: {number: 80, name: http, protocol: HTTP}' });
    return false;
  }
  const before = sink.problems.length;
  const { number = 0, protocol = '' } = port;
  if (!isKnownProtocol(protocol)) {
    sink.error([...at, 'protocol'], `invalid protocol "${protocol}"; there are ${protocolNames}`);
  }
  if (number > 0 || !isUnixAddress(bind)) checkPort(sink, [...at, 'number'], number);
  if ((port.targetPort ?? 0) > 0) {
    sink.error([...at, 'targetPort'], 'targetPort has no meaning in a gateway', {
      help: 'remove it; the Service of the gateway maps ports',
      fix: { title: 'remove targetPort', path: ['spec', ...at, 'targetPort'], target: 'entry' },
    });
  }
  if (!port.name) sink.error([...at, 'name'], `port name is missing (${describePort(port)})`);
  return sink.problems.length === before;
}

function checkBind(sink: ProblemSink, path: Path, port: Port | undefined, bind: string): void {
  const at = [...path, 'bind'];
  if (!isUnixAddress(bind)) {
    if (bind !== '') checkIp(sink, at, bind);
    return;
  }
  checkUnixAddress(sink, at, bind);
  if (port?.number) sink.error([...path, 'port', 'number'], `port number of a server on a Unix socket is 0, and this port is: ${describePort(port)}`);
}

function describePort(port: Port): string {
  const parts = [
    port.number ? `number ${port.number}` : '',
    port.protocol ? `protocol ${port.protocol}` : '',
    port.name ? `name ${port.name}` : '',
    port.targetPort ? `target_port ${port.targetPort}` : '',
  ];
  return parts.filter((part) => part !== '').join(', ') || 'empty';
}

/** A port that terminates or passes TLS says how; a plain one says nothing, but HTTP may redirect to HTTPS. */
function checkTlsFitsPort(sink: ProblemSink, path: Path, { port, tls }: Server): void {
  const protocol = port?.protocol;
  if (isTlsProtocol(protocol)) {
    if (!tls)
      sink.error([...path, 'tls'], 'server of protocol HTTPS/TLS has no tls settings', {
        help: 'for example tls: {mode: SIMPLE, credentialName: my-certificate}, or mode: PASSTHROUGH',
      });
    return;
  }
  if (!tls) return;
  if (!isHttpProtocol(protocol)) {
    sink.error([...path, 'tls'], 'server has tls settings, and its protocol is not one of HTTPS/TLS', { same: 'tls on a plain port' });
    return;
  }
  const { mode = 'PASSTHROUGH' } = tls;
  const passes = mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH';
  if (!passes || tls.caCertificates || tls.privateKey || tls.serverCertificate) {
    sink.error([...path, 'tls'], 'server of protocol HTTP is plain text and cannot have tls settings, but for httpsRedirect', { same: 'tls on an HTTP port' });
  }
}
