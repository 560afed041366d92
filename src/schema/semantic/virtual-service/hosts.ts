import type { Path } from '../../../manifest/problem.ts';
import { checkWildcardDomain, isIp, wildcardDomainProblem } from '../primitives.ts';
import type { ProblemSink } from '../validator.ts';
import { WildcardIndex } from './wildcard-index.ts';

/** Names that AUTO_PASSTHROUGH gateways see in SNI: `outbound_.80_._.cart.shop.svc.cluster.local`. */
const generatedPrefix = 'outbound_';
const generatedFormat = 'outbound_.<PORT>_._.<HOSTNAME>';

/** Whether a host is like the names that Istio generates for SNI, which are no domain names. */
export function isGeneratedSni(host: string): boolean {
  return host.startsWith(generatedPrefix) && host.length <= 255;
}

export function checkGeneratedSni(sink: ProblemSink, path: Path, host: string): void {
  const parts = host.split('_');
  if (parts.length < 4) {
    sink.error(path, `domain name "${host}" is not of the form '${generatedFormat}'`);
    return;
  }
  const port = trimDots(parts[1] as string);
  const name = trimDots(parts[3] as string);
  if (!/\d/.test(port)) sink.error(path, `domain name "${host}" has "${port}" in the place of the port; the form is ${generatedFormat}`);
  else if (!/[a-zA-Z]/.test(name)) sink.error(path, `domain name "${host}" has "${name}" in the place of the host name; the form is ${generatedFormat}`);
}

function trimDots(text: string): string {
  return text.replace(/^\.+|\.+$/g, '');
}

/** What a virtual service is bound to. */
export interface Binding {
  mesh: boolean;
  gatewaysOnly: boolean;
  /** Some TLS match names SNI hosts. */
  sni: boolean;
}

/** Hosts are domain names, wildcards or IPs; `*` is for gateways only, and no host may cover another. */
export function checkHosts(sink: ProblemSink, hosts: readonly string[], binding: Binding): void {
  let valid = true;
  for (const [i, host] of hosts.entries()) {
    const before = sink.problems.length;
    const path = ['hosts', i];
    if (binding.gatewaysOnly && binding.sni && isGeneratedSni(host)) checkGeneratedSni(sink, path, host);
    else if (wildcardDomainProblem(host)) {
      if (!isIp(host)) checkWildcardDomain(sink, path, host);
    } else if (binding.mesh && host === '*') {
      sink.error(path, 'host * is not allowed for the sidecars of the mesh', {
        help: 'name the hosts, or bind the virtual service to gateways only (without "mesh")',
      });
    }
    valid &&= sink.problems.length === before;
  }
  if (valid && hosts.length > 1) checkDuplicates(sink, hosts);
}

interface Occurrence {
  host: string;
  first: number;
  last: number;
}

function checkDuplicates(sink: ProblemSink, hosts: readonly string[]): void {
  const occurrences = new Map<string, Occurrence>();
  const wildcards = new WildcardIndex();
  for (const [i, host] of hosts.entries()) {
    const known = occurrences.get(host);
    if (known) {
      known.last = i;
      reportDuplicate(sink, host, host, i);
    } else {
      occurrences.set(host, { host, first: i, last: i });
      wildcards.add(host);
    }
  }
  for (const one of occurrences.values()) {
    for (const wildcard of wildcards.covering(one.host)) {
      const other = occurrences.get(wildcard) as Occurrence;
      if (other === one) continue;
      if (one.first < other.last) reportDuplicate(sink, one.host, other.host, other.last);
      if (other.first < one.last) reportDuplicate(sink, other.host, one.host, one.last);
    }
  }
}

function reportDuplicate(sink: ProblemSink, earlier: string, later: string, index: number): void {
  const text =
    earlier === later ? `host ${earlier} is listed twice: ${earlier} & ${later}` : `hosts of a virtual service may not overlap: ${earlier} & ${later}`;
  sink.error(['hosts', index], text);
}
