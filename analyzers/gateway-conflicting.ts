import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0145 } from '../src/analysis/catalogue/gateways.ts';
import { IST0101 } from '../src/analysis/catalogue/references.ts';
import { mostNames } from '../src/analysis/wording.ts';
import type { Gateway, Server } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { gatewayWorkloads } from '../src/model/gateway-workloads.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { firstLabel } from '../src/model/selection.ts';
import { formatSelector } from '../src/model/selectors.ts';

interface Place {
  gateway: Resource<Gateway>;
  path: Path;
}

/** Where the hosts of gateways with one selector are, by port, bind address and host. */
type Hosts = Map<string, Place[]>;

const hostKey = (port: number, bind: string, host: string): string => `${port} ${bind} ${host}`;

/** spec/analyze/messages.md, gateway.ConflictingGateway */
export default defineAnalyzer({
  name: 'gateway.ConflictingGatewayAnalyzer',
  summary: 'no two gateways of one workload open a port for the same host',
  reads: ['Gateway', 'Pod'],
  preset: 'reference',
  messages: { IST0101, IST0145 },
  check({ mesh, preset, report }) {
    const gateways = mesh.list('Gateway');
    const bySelector = indexHosts(gateways);
    const related = relatedSelectors(mesh, gateways, preset === 'reference');
    const known = preset === 'reference' ? KnownHosts.of(gateways) : undefined;
    for (const gateway of gateways) {
      const { selector = {}, servers = [] } = gateway.spec;
      const own = formatSelector(selector);
      const selectors = [own, ...(related.get(own) ?? [])];
      const groups = selectors.map((s) => bySelector.get(s)).filter((hosts) => hosts !== undefined);
      // A gateway without servers is not among those that the reference looks for the selector in.
      if (groups.length === 0 && own !== '' && preset === 'reference') {
        report('IST0101', gateway, ['spec', 'selector', firstLabel(selector)], { what: 'selector', name: own });
      }
      for (const [i, server] of servers.entries()) {
        const port = server?.port?.number ?? 0;
        const hosts = server?.hosts ?? [];
        const keys = hosts.map((host) => hostKey(port, server?.bind ?? '', host));
        const others = known?.add(gateway, selectors, server) ?? othersOf(gateway, groups, keys);
        if (others.size === 0) continue;
        const names = [...others.keys()].map((g) => g.fullName).sort();
        report(
          'IST0145',
          gateway,
          ['spec', 'servers', i],
          { gateways: names, selector: own, port, hosts, same: `${port} ${hosts} ${names}` },
          {
            effect: server && isTlsServer(server) ? 'the gateway uses one of these servers and ignores the others' : undefined,
            related: [...others.values()].slice(0, 10).map((p) => ({ resource: p.gateway, path: p.path, text: `also in gateway ${p.gateway.fullName}` })),
          },
        );
      }
    }
  },
});

/** Beyond this many comparisons nobody waits for a list that the reference gets wrong. */
const mostComparisons = 100_000;

/**
 * The hosts of gateways as the reference keeps them: of several servers on a port only the last, and with the hosts of every other
 * gateway that was compared and did not conflict. So it misses conflicts, and names gateways without one.
 */
class KnownHosts {
  /** By selector and port, then by gateway: bind addresses by host. */
  private readonly byKey = new Map<string, Map<Resource<Gateway>, Map<string, string>>>();

  /** Undefined when the gateways are too many to compare each with each. */
  static of(gateways: readonly Resource<Gateway>[]): KnownHosts | undefined {
    const known = new KnownHosts();
    const comparisons = new Map<string, number>();
    for (const gateway of gateways) {
      for (const server of gateway.spec.servers ?? []) {
        const key = keyOf(formatSelector(gateway.spec.selector), server);
        const group = known.byKey.get(key) ?? new Map<Resource<Gateway>, Map<string, string>>();
        known.byKey.set(key, group.set(gateway, new Map((server?.hosts ?? []).map((host) => [host, server?.bind ?? '']))));
        comparisons.set(key, (comparisons.get(key) ?? 0) + 1);
      }
    }
    let sum = 0;
    for (const [key, count] of comparisons) sum += count * (known.byKey.get(key)?.size ?? 0);
    return sum > mostComparisons ? undefined : known;
  }

  /** The gateways that conflict with a server; the others get its hosts. */
  add(gateway: Resource<Gateway>, selectors: readonly string[], server: Server | null): Map<Resource<Gateway>, Place> {
    const conflicts = new Map<Resource<Gateway>, Place>();
    const { hosts = [], bind = '' } = server ?? {};
    for (const selector of selectors) {
      for (const [other, known] of this.byKey.get(keyOf(selector, server)) ?? []) {
        if (other === gateway) continue;
        if (hosts.some((host) => known.get(host) === bind)) conflicts.set(other, { gateway: other, path: ['spec', 'servers'] });
        else for (const host of hosts) known.set(host, bind);
      }
    }
    return conflicts;
  }
}

function keyOf(selector: string, server: Server | null): string {
  return `${selector}~${server?.port?.number ?? 0}`;
}

/** Servers of plain HTTP are joined; of those with TLS one wins. */
function isTlsServer({ tls, port }: Server): boolean {
  return tls !== undefined && !/^(?:http|http2|grpc|grpc-web|http_proxy)$/i.test(port?.protocol ?? '');
}

/** The other gateways with one of the hosts; of very many only as many as a message can name. */
function othersOf(gateway: Resource<Gateway>, groups: readonly Hosts[], keys: readonly string[]): Map<Resource<Gateway>, Place> {
  const others = new Map<Resource<Gateway>, Place>();
  for (const key of keys) {
    for (const group of groups) {
      for (const place of group.get(key) ?? []) {
        if (place.gateway !== gateway) others.set(place.gateway, place);
        if (others.size > mostNames) return others;
      }
    }
  }
  return others;
}

function indexHosts(gateways: readonly Resource<Gateway>[]): Map<string, Hosts> {
  const index = new Map<string, Hosts>();
  for (const gateway of gateways) {
    const servers = gateway.spec.servers ?? [];
    if (servers.length === 0) continue;
    const selector = formatSelector(gateway.spec.selector);
    const group: Hosts = index.get(selector) ?? new Map();
    index.set(selector, group);
    for (const [i, server] of servers.entries()) {
      for (const [j, host] of (server?.hosts ?? []).entries()) {
        const key = hostKey(server?.port?.number ?? 0, server?.bind ?? '', host);
        const place = { gateway, path: ['spec', 'servers', i, 'hosts', j] };
        const places = group.get(key);
        if (places) places.push(place);
        else group.set(key, [place]);
      }
    }
  }
  return index;
}

/**
 * Selectors that select a common workload, by selector. The reference finds them only where the text of one is part of the text
 * of the other.
 */
function relatedSelectors(mesh: Mesh, gateways: readonly Resource<Gateway>[], asReference: boolean): Map<string, Set<string>> {
  const selectors = new Map(gateways.map((g) => [formatSelector(g.spec.selector), g.spec.selector]));
  const byWorkload = new Map<unknown, string[]>();
  for (const [text, selector] of selectors) {
    for (const workload of gatewayWorkloads(mesh, selector)) {
      const list = byWorkload.get(workload);
      if (list) list.push(text);
      else byWorkload.set(workload, [text]);
    }
  }
  const related = new Map<string, Set<string>>();
  // Workloads of one Deployment have the same selectors: each set of them is looked at once.
  for (const texts of new Map([...byWorkload.values()].map((list) => [list.join('\n'), list])).values()) {
    for (const a of texts) {
      const set = related.get(a) ?? new Set();
      related.set(a, set);
      for (const b of texts) if (a !== b && (!asReference || a.includes(b) || b.includes(a))) set.add(b);
    }
  }
  return related;
}
