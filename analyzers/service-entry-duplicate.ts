import { isDeepStrictEqual } from 'node:util';
import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import { names } from '../src/analysis/wording.ts';
import type { ServiceEntry, ServicePort } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { ageIsKnown } from '../src/model/creation.ts';
import { serviceEntriesByHost } from '../src/model/service-entry-hosts.ts';
import { isSeenTogether, type Scopes, scopesOf } from '../src/model/visibility.ts';

type Entry = Resource<ServiceEntry>;

interface Duplicate {
  hosts: readonly string[];
  /** The service entry that comes first. */
  other: string;
  /** `port 443 is TLS there and HTTPS here` */
  differences: readonly string[];
  /** Who has to choose between the two. */
  clients: string;
  /** Which of the two they get. */
  winner: 'older' | 'first' | 'one';
}

const WFT1023 = message<Duplicate>({
  name: 'DuplicateServiceEntryHost',
  level: 'Warning',
  summary: 'two service entries define one host differently, and only one of them counts',
  text: ({ hosts, other, differences, clients, winner }) => {
    const which = { older: 'only that one counts, which is older', first: 'only the one that was created first counts', one: 'only one of the two counts' }[
      winner
    ];
    return `${names(hosts, ', ')} ${hosts.length === 1 ? 'is' : 'are'} defined by service entry ${other}, too (${names(differences, ', ')}): for ${clients} ${which}`;
  },
  help: 'define a host in one service entry, or make both say the same',
  effect: 'connections to it may be handled in another way than is written here',
  aliases: ['KIA1211', 'KIA1212'],
});

/**
 * Of two service entries of one host a client uses that of its own namespace, else the oldest. Only those of one namespace that
 * have the same resolution, labels, selector and exportTo are merged, by port (SEL-R33).
 */
export default defineAnalyzer({
  name: 'weft.ServiceEntryDuplicateAnalyzer',
  summary: 'no two service entries define one host differently',
  reads: ['ServiceEntry'],
  preset: 'recommended',
  messages: { WFT1023 },
  check({ mesh, report }) {
    const hostsOf = new Map<Entry, Map<Entry, string[]>>();
    for (const [host, entries] of serviceEntriesByHost(mesh)) {
      const first = entries[0] as Entry;
      const firstOf = new Map<string, Entry>();
      for (const entry of entries) {
        const ofNamespace = firstOf.get(entry.namespace);
        if (!ofNamespace) firstOf.set(entry.namespace, entry);
        if (entry !== first) addHost(hostsOf, entry, ofNamespace ?? first, host);
      }
    }
    for (const [entry, others] of hostsOf) {
      for (const [other, hosts] of others) {
        const scopes = (e: Entry): Scopes => scopesOf(e.spec.exportTo, e.namespace, mesh.meshConfig.defaultServiceExportTo);
        const apart = entry.namespace !== other.namespace;
        // Each of two namespaces has its own; only a third one that sees both has to choose.
        if (apart ? !(scopes(entry).has('*') && scopes(other).has('*')) : !isSeenTogether(scopes(entry), scopes(other))) continue;
        const differences = !apart && isMerged(entry, other) ? differencesOfPorts(entry.spec, other.spec) : differencesOf(entry.spec, other.spec, apart);
        const [at] = differences;
        if (!at) continue;
        const clients = apart ? `clients outside of ${entry.namespace} and ${other.namespace}` : 'clients';
        // What is for a namespace alone comes before what is for all, whatever its age.
        const byAge = isDeepStrictEqual(scopes(entry), scopes(other));
        const winner = byAge ? (ageIsKnown(other, entry) ? 'older' : 'first') : 'one';
        const data: Duplicate = { hosts, other: other.fullName, differences: differences.map((d) => d.text), clients, winner };
        report('WFT1023', entry, ['spec', ...at.path], data, {
          related: differences.map((d) => ({ resource: other, path: ['spec', ...d.there], text: `in ${other.fullName}` })),
        });
      }
    }
  },
});

function addHost(hostsOf: Map<Entry, Map<Entry, string[]>>, entry: Entry, other: Entry, host: string): void {
  const others = hostsOf.get(entry) ?? new Map<Entry, string[]>();
  hostsOf.set(entry, others);
  const hosts = others.get(other);
  if (hosts) hosts.push(host);
  else others.set(other, [host]);
}

/** SEL-R33; labels are those of the resources themselves. */
function isMerged(a: Entry, b: Entry): boolean {
  const key = ({ spec, labels }: Entry): unknown => [spec.resolution ?? 'NONE', labels, spec.workloadSelector?.labels ?? {}, new Set(spec.exportTo)];
  return isDeepStrictEqual(key(a), key(b));
}

interface Difference {
  text: string;
  /** Below `spec`: of the later entry, and of the first one. */
  path: Path;
  there: Path;
}

function differencesOf(here: ServiceEntry, there: ServiceEntry, endpointsCount: boolean): Difference[] {
  const out: Difference[] = [];
  const [resolution, other] = [here.resolution ?? 'NONE', there.resolution ?? 'NONE'];
  if (resolution !== other) out.push({ text: `the resolution is ${other} there and ${resolution} here`, path: ['resolution'], there: ['resolution'] });
  out.push(...differencesOfPorts(here, there));
  const known = new Set((there.ports ?? []).map((p) => p?.number));
  for (const [i, port] of (here.ports ?? []).entries()) {
    if (port && !known.has(port.number)) out.push({ text: `port ${port.number} is not there`, path: ['ports', i], there: ['ports'] });
  }
  if (endpointsCount && !isDeepStrictEqual(addressesOf(here), addressesOf(there))) {
    out.push({ text: 'the endpoints differ', path: ['endpoints'], there: ['endpoints'] });
  }
  return out;
}

/** Ports that both have, with another protocol or target. */
function differencesOfPorts(here: ServiceEntry, there: ServiceEntry): Difference[] {
  const byNumber = new Map((there.ports ?? []).map((port, i) => [port?.number, { port, i }] as const));
  return (here.ports ?? []).flatMap((port, i): Difference[] => {
    const other = port && byNumber.get(port.number);
    if (!other?.port) return [];
    for (const [field, of] of [
      ['protocol', protocol],
      ['targetPort', target],
    ] as const) {
      const [mine, theirs] = [of(port), of(other.port)];
      if (mine === theirs) continue;
      const what = field === 'protocol' ? `is ${theirs} there and ${mine} here` : `goes to ${theirs} there and to ${mine} here`;
      return [{ text: `port ${port.number} ${what}`, path: ['ports', i, field], there: ['ports', other.i, field] }];
    }
    return [];
  });
}

function protocol({ protocol = '' }: ServicePort): string {
  return protocol === '' ? 'detected' : protocol.toUpperCase();
}

function target({ number, targetPort }: ServicePort): number | undefined {
  return targetPort || number;
}

/** Where an entry sends connections. */
function addressesOf({ endpoints = [], workloadSelector }: ServiceEntry): unknown {
  return [new Set(endpoints.map((e) => e?.address)), workloadSelector?.labels];
}
