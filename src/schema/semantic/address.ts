// Rules about addresses that the networking kinds share: IPs, Unix sockets, `namespace/host` entries, ports with names.
import type { Path } from '../../manifest/problem.ts';
import { checkWildcardDomain, isCidr, isDnsLabel, isIp, wildcardDomainProblem } from './primitives.ts';
import { isKnownProtocol, protocolNames } from './protocol.ts';
import type { ProblemSink } from './validator.ts';

const unixPrefix = 'unix://';

export function isUnixAddress(address: string | undefined): boolean {
  return address?.startsWith(unixPrefix) ?? false;
}

/** `unix:///path/of/file`, or `unix://@name` for an abstract socket. */
export function checkUnixAddress(sink: ProblemSink, path: Path, address: string): void {
  const file = address.slice(unixPrefix.length);
  if (file.startsWith('@')) return;
  if (file === '') sink.error(path, `the Unix socket address ${address} names no file`, { same: 'empty unix address' });
  else if (!file.startsWith('/') || file.endsWith('/')) {
    sink.error(path, `the Unix socket ${file} is not an absolute path of a file, such as unix:///run/app.sock`);
  }
}

export function checkIp(sink: ProblemSink, path: Path, address: string): void {
  if (!isIp(address)) sink.error(path, `${address} is not an IP address`);
}

/** An IP address, or a range such as `10.0.0.0/8`. */
export function checkSubnet(sink: ProblemSink, path: Path, subnet: string): void {
  if (subnet.split('/').length !== 2) checkIp(sink, path, subnet);
  else if (!isCidr(subnet)) sink.error(path, `${subnet} is not a CIDR range, such as 10.0.0.0/8`);
}

export function checkPortName(sink: ProblemSink, path: Path, name: string | undefined): void {
  if (isDnsLabel(name ?? '')) return;
  sink.error(path, name ? `port name ${name} is not a DNS label (letters, digits and dashes, no dash at either end)` : 'the port has no name', {
    same: `port name ${name ?? ''}`,
  });
}

/** Empty is fine: the protocol is detected then. */
export function checkProtocol(sink: ProblemSink, path: Path, protocol: string | undefined): void {
  if (protocol && !isKnownProtocol(protocol)) sink.error(path, `protocol ${protocol} is not known; there are ${protocolNames}`);
}

/** A `*` that is neither the whole first label nor the whole name: `*foo.example`, `a*.example`. */
export function isPartialWildcard(host: string): boolean {
  return host.includes('*') && host !== '*' && !host.startsWith('*.');
}

/**
 * `namespace/host` of a Gateway's server or of a Sidecar's egress listener. The host is `*` or has a dot; a gateway takes IPs,
 * too, and hosts without a namespace.
 */
export function checkScopedHost(sink: ProblemSink, path: Path, entry: string, kind: 'gateway' | 'sidecar'): void {
  const slash = entry.indexOf('/');
  if (slash < 0) {
    if (kind === 'gateway') checkHostPart(sink, path, entry, kind);
    else {
      sink.error(path, `host ${entry} has no namespace; hosts are namespace/dnsName here, with "." for this namespace and "*" for all`, {
        same: 'no namespace/dnsName',
      });
    }
    return;
  }
  const namespace = entry.slice(0, slash);
  const host = entry.slice(slash + 1);
  if (namespace === '' || host === '') {
    sink.error(path, `host ${entry} lacks ${namespace === '' ? 'the namespace' : 'the host'}: write namespace/dnsName`, { same: 'empty namespace or dnsName' });
  }
  const scopes = kind === 'gateway' ? ['*', '.'] : ['*', '.', '~'];
  if (!scopes.includes(namespace) && !isDnsLabel(namespace)) {
    const known = scopes.map((s) => `"${s}"`).join(', ');
    sink.error(path, `namespace "${namespace}" of host ${entry} is neither ${known} nor the name of a namespace`, { same: `namespace ${namespace}` });
  }
  checkHostPart(sink, path, host, kind);
}

function checkHostPart(sink: ProblemSink, path: Path, host: string, kind: 'gateway' | 'sidecar'): void {
  if (host !== '*' && !host.includes('.')) {
    const example = kind === 'gateway' ? 'example.com' : '<namespace>.svc.cluster.local';
    sink.error(path, host === '' ? 'the host is empty' : `host ${host} is a short name; only full names are taken here, such as ${host}.${example}`, {
      same: 'short name',
    });
  }
  if (wildcardDomainProblem(host) && !(kind === 'gateway' && isIp(host))) checkWildcardDomain(sink, path, host);
  if (isPartialWildcard(host)) sink.error(path, `host "${host}" has a "*" that is not a label of its own, such as *.example.com`);
}
