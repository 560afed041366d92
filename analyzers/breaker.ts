import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import type { Related } from '../src/analysis/finding.ts';
import type { Level } from '../src/analysis/message.ts';
import { message } from '../src/analysis/message.ts';
import { formatDuration, parseDuration } from '../src/manifest/duration.ts';
import type { ConnectionPoolSettings, DestinationRule, OutlierDetection } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import type { HostEntry } from '../src/model/hosts.ts';
import type { ServiceSpec } from '../src/model/kubernetes.ts';
import { protocolOf } from '../src/model/protocols.ts';
import { items } from '../src/model/untyped.ts';
import { effectiveBlock, writtenBlocks } from '../src/translate/traffic-policy.ts';

const WFT1021 = message<{ what: string }>({
  name: 'BreakerContradiction',
  level: 'Warning',
  summary: 'a setting of a connection pool or of outlier detection has no effect, or works against another',
  text: ({ what }) => what,
});

const messages = { WFT1021 };

/** A setting, below its connection pool or outlier detection. */
interface Statement {
  at: Path;
  what: string;
  help: string;
  effect: string;
  level?: Level;
  /** The setting that it is about, too. */
  other?: Path;
}

/** DR-R50 to DR-R56 for connection pools, DR-R60 to DR-R66 for outlier detection. */
export default defineAnalyzer({
  name: 'weft.BreakerAnalyzer',
  summary: 'limits of connection pools and settings of outlier detection do what they seem to',
  reads: ['DestinationRule', 'Service', 'ServiceEntry'],
  preset: 'recommended',
  messages,
  check(context) {
    for (const rule of context.mesh.list('DestinationRule')) {
      const protocols = new Protocols(context, rule);
      for (const { value, path } of writtenBlocks(rule.spec, 'connectionPool')) {
        for (const statement of [
          ...zeroes(value),
          ...freeConnections(value, () => protocols.of(path)),
          ...unsharedConnections(value, () => protocols.of(path)),
        ])
          say(context, rule, path, statement);
      }
      for (const { value, path } of writtenBlocks(rule.spec, 'outlierDetection')) {
        for (const statement of [...hiddenDetector(value), ...lateReturn(value)]) say(context, rule, path, statement);
      }
    }
  },
});

function say({ report }: Context<typeof messages>, rule: Resource<DestinationRule>, path: Path, { at, what, help, effect, level, other }: Statement): void {
  const related: Related[] = other ? [{ resource: rule, path: [...path, ...other], text: 'the other setting' }] : [];
  report('WFT1021', rule, [...path, ...at], { what }, { help, effect, level, related });
}

/** What is not limited where a limit is 0. */
const unlimited = {
  maxConnections: 'the proxy opens as many connections as there are requests for',
  http1MaxPendingRequests: 'any number of requests waits for a connection',
  http2MaxRequests: 'any number of requests is under way at once',
  maxRetries: 'any number of retries is under way at once',
} as const;

/** DR-R50: nothing tells 0 from a limit that is not set. */
function zeroes({ tcp, http }: ConnectionPoolSettings): Statement[] {
  const limits = [
    ...(tcp?.maxConnections === 0 ? [['tcp', 'maxConnections'] as const] : []),
    ...(['http1MaxPendingRequests', 'http2MaxRequests', 'maxRetries'] as const).flatMap((field) => (http?.[field] === 0 ? [['http', field] as const] : [])),
  ];
  return limits.map(([block, field]) => ({
    at: [block, field],
    what: `${field} 0 is no limit at all: Istio takes 0 for not set`,
    help:
      field === 'maxRetries'
        ? 'retries are turned off by attempts 0 in the virtual service; the lowest limit here is 1'
        : 'the lowest limit is 1; to have none, leave the field out',
    effect: unlimited[field],
  }));
}

/** DR-R51, DR-R52: http2MaxRequests limits requests of HTTP/1, too. */
function freeConnections({ tcp, http }: ConnectionPoolSettings, known: () => Known): Statement[] {
  const [connections = 0, requests = 0] = [tcp?.maxConnections, http?.http2MaxRequests];
  if (requests <= 0 || requests >= connections || known().all !== 'http') return [];
  return [
    {
      at: ['http', 'http2MaxRequests'],
      what: `http2MaxRequests ${requests} limits requests over HTTP/1, too: of the ${connections} connections of maxConnections never more than ${requests} are busy`,
      help: `let http2MaxRequests be at least ${connections}, or lower maxConnections`,
      effect: `while ${requests} requests are under way, the next one gets 503, although connections are free`,
      other: ['tcp', 'maxConnections'],
    },
  ];
}

/** DR-R56, DR-R57 */
function unsharedConnections({ http }: ConnectionPoolSettings, known: () => Known): Statement[] {
  if (http?.maxRequestsPerConnection !== 1) return [];
  const upgrade = http.h2UpgradePolicy === 'UPGRADE';
  const why = upgrade ? 'h2UpgradePolicy UPGRADE asks for HTTP/2' : known().http2;
  if (why === undefined) return [];
  return [
    {
      at: ['http', 'maxRequestsPerConnection'],
      what: `maxRequestsPerConnection 1 opens a connection for every request, but ${why}, where requests share connections`,
      help: 'raise maxRequestsPerConnection, or leave it out',
      effect: 'every request waits for a new connection, with its TLS handshake',
      other: upgrade ? ['http', 'h2UpgradePolicy'] : undefined,
    },
  ];
}

/** DR-R60, DR-R62: what one detector counts, the other counts, too. */
function hiddenDetector({ consecutiveGatewayErrors: gateway = 0, consecutive5xxErrors }: OutlierDetection): Statement[] {
  const all = consecutive5xxErrors ?? 5;
  if (gateway <= 0 || all <= 0 || gateway < all) return [];
  return [
    {
      at: ['consecutiveGatewayErrors'],
      what: `consecutiveGatewayErrors ${gateway} has no effect: 502, 503 and 504 are 5xx, too, and consecutive5xxErrors, ${consecutive5xxErrors === undefined ? 'by default ' : ''}${all}, ejects first`,
      help: 'let consecutiveGatewayErrors be lower, or set consecutive5xxErrors: 0 to count 502, 503 and 504 only',
      effect: `an endpoint is ejected after ${all} errors in a row, 500 as well as 503`,
    },
  ];
}

/** DR-R66: endpoints come back when an interval ends. */
function lateReturn({ interval, baseEjectionTime }: OutlierDetection): Statement[] {
  const turn = parseDuration(interval ?? '10s');
  const time = parseDuration(baseEjectionTime ?? '30s');
  if (turn === undefined || time === undefined || time <= 0 || time >= turn) return [];
  const [shown, longest] = [formatDuration(time), formatDuration(time + turn)];
  return [
    {
      at: [baseEjectionTime === undefined ? 'interval' : 'baseEjectionTime'],
      what: `baseEjectionTime ${shown}${baseEjectionTime === undefined ? ' (not set)' : ''} is shorter than interval ${formatDuration(turn)}, and an endpoint comes back only when an interval ends: up to ${longest} after its ejection`,
      help: `let interval be ${shown} or less, or raise baseEjectionTime`,
      effect: 'how long an endpoint gets no requests depends on when in the interval it failed',
      level: 'Info',
      other: baseEjectionTime !== undefined && interval !== undefined ? ['interval'] : undefined,
    },
  ];
}

/** What is known of the ports that a policy is for. */
interface Known {
  /** `http` when every port is declared as one of HTTP. */
  all: 'http' | undefined;
  /** Why requests go over HTTP/2. */
  http2: string | undefined;
}

const httpFamily: ReadonlySet<string> = new Set(['http', 'http2', 'grpc', 'grpc-web']);

/** The protocols of the ports of a rule's host, looked up when they are needed. */
class Protocols {
  private readonly context: Context<typeof messages>;
  private readonly rule: Resource<DestinationRule>;
  private found: Map<string, { number: number; protocol: string }[]> | undefined;

  constructor(context: Context<typeof messages>, rule: Resource<DestinationRule>) {
    this.context = context;
    this.rule = rule;
  }

  /** Of the ports that the connection pool at a path applies to. */
  of(path: Path): Known {
    this.found ??= this.find();
    const ports = this.found.get(path.join('.')) ?? [];
    const shared = ports.find(({ protocol }) => protocol === 'http2' || protocol === 'grpc');
    return {
      all: ports.length > 0 && ports.every(({ protocol }) => httpFamily.has(protocol)) ? 'http' : undefined,
      http2: shared && `port ${shared.number} is of protocol ${shared.protocol}`,
    };
  }

  private find(): Map<string, { number: number; protocol: string }[]> {
    const { spec, namespace } = this.rule;
    const found = new Map<string, { number: number; protocol: string }[]>();
    const entry = spec.host?.startsWith('*') ? undefined : this.context.mesh.hosts.lookup(namespace, spec.exportTo, spec.host ?? '');
    if (!entry) return found;
    for (const port of portsOf(entry)) {
      for (const subset of [undefined, ...(spec.subsets ?? []).keys()]) {
        const key = effectiveBlock(spec, 'connectionPool', port.number, subset)?.path.join('.');
        if (key === undefined) continue;
        const list = found.get(key);
        if (list) list.push(port);
        else found.set(key, [port]);
      }
    }
    return found;
  }
}

/** With the protocols that they declare; empty for what has to be detected. */
function portsOf({ resource, ports }: HostEntry): { number: number; protocol: string }[] {
  if (resource.kindName !== 'Service') return ports.map(({ number, protocol }) => ({ number, protocol: protocol.toLowerCase() }));
  return items((resource as Resource<ServiceSpec>).spec.ports).map((port) => ({ number: port.port, protocol: protocolOf(port) ?? '' }));
}
