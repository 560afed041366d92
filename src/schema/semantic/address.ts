// Rules about addresses that the networking kinds share: IPs, Unix sockets, `namespace/host` entries, ports with names.
import type { Path } from '../../manifest/problem.ts';
import { checkWildcardDomain, isCidr, isDnsLabel, isIp } from './primitives.ts';
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
  if (file === '') sink.error(path, `unix socket address ${address} names no file`, { same: 'empty unix address' });
  else if (!file.startsWith('/') || file.endsWith('/')) {
    sink.error(path, `${file} is not the absolute path of a file, as in unix:///run/app.sock`);
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
  sink.error(
    path,
    name ? `invalid port name ${name}: it is not a DNS label (letters, digits and dashes, no dash at either end)` : 'invalid port name: it is empty',
    {
      same: `port name ${name ?? ''}`,
    },
  );
}

/** Empty is fine: the protocol is detected then. */
export function checkProtocol(sink: ProblemSink, path: Path, protocol: string | undefined): void {
  if (protocol && !isKnownProtocol(protocol)) sink.error(path, `unsupported protocol ${protocol}; there are ${protocolNames}`);
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
      sink.error(path, `host ${entry} has no namespace; hosts are of the form namespace/dnsName here`, {
        same: 'no namespace/dnsName',
        help: 'write "." for this namespace, or "*" for all of them',
      });
    }
    return;
  }
  const namespace = entry.slice(0, slash);
  const host = entry.slice(slash + 1);
  if (namespace === '' || host === '') {
    sink.error(path, `cannot take host ${entry} without the ${namespace === '' ? 'namespace' : 'name'}: write namespace/dnsName`, {
      same: 'empty namespace or dnsName',
    });
  }
  const scopes = kind === 'gateway' ? ['*', '.'] : ['*', '.', '~'];
  if (!scopes.includes(namespace) && !isDnsLabel(namespace)) {
    const known = scopes.map((s) => `"${s}"`).join(', ');
    sink.error(path, `invalid namespace "${namespace}" of host ${entry}: it is neither ${known} nor the name of a namespace`, {
      same: `namespace ${namespace}`,
    });
  }
  checkHostPart(sink, path, host, kind);
}

function checkHostPart(sink: ProblemSink, path: Path, host: string, kind: 'gateway' | 'sidecar'): void {
  if (host !== '*' && !host.includes('.')) {
    const example = kind === 'gateway' ? 'example.com' : '<namespace>.svc.cluster.local';
    sink.error(path, host === '' ? 'short name: it is empty' : `short name ${host}: only full names are taken here, such as ${host}.${example}`, {
      same: 'short name',
    });
  }
  if (kind === 'sidecar' || !isIp(host)) checkWildcardDomain(sink, path, host);
  if (isPartialWildcard(host)) sink.error(path, `partial wildcard "${host}": a "*" is a label of its own`, { help: 'for example *.example.com' });
}
