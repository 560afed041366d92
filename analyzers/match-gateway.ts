import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { NearestIndex } from '../src/analysis/nearest.ts';
import type { VirtualService } from '../src/manifest/istio/networking.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { boundGateways, resolveGatewayName } from '../src/model/gateway-names.ts';

interface Unbound {
  gateway: string;
  /** As written. */
  bound: readonly string[];
  /** It names no gateway that the virtual service is bound to. */
  dead: boolean;
  /** There is no such Gateway. */
  missing: boolean;
}

const WFT1010 = message<Unbound>({
  name: 'MatchGatewayUnknown',
  level: 'Warning',
  summary: 'a match is for a gateway that the virtual service is not bound to',
  text: ({ gateway, bound, dead, missing }) => {
    const list = bound.length === 0 ? 'names no gateways, and so is for sidecars ("mesh") only' : `is bound to ${bound.map((b) => `"${b}"`).join(', ')} only`;
    const and = missing ? ', and there is no such Gateway' : '';
    return `this match is for gateway "${gateway}", but the virtual service ${list}${and}${dead ? ': the match never applies' : ''}`;
  },
  help: 'name it in spec.gateways, too, or correct the name here',
  effect: ({ dead }) =>
    dead ? 'no request takes this match: later rules take its requests, or they get 404' : 'requests through that gateway do not take this match',
});

const messages = { WFT1010 };

/** A match with gateways is only for those, and a virtual service only for those in `spec.gateways` (MAT-R4, MAT-R5, SEL-R3, SEL-R10). */
export default defineAnalyzer({
  name: 'weft.MatchGatewayAnalyzer',
  summary: 'matches are for gateways that their virtual service is bound to',
  reads: ['VirtualService', 'Gateway'],
  preset: 'recommended',
  messages,
  check(context) {
    for (const service of context.mesh.list('VirtualService')) {
      const { hosts = [], gateways } = service.spec;
      // A virtual service without hosts is a delegate: it is bound to what its roots are bound to (SEL-R22).
      if (hosts.length === 0) continue;
      const bound = boundGateways(gateways, service.namespace);
      for (const rule of ['http', 'tls', 'tcp'] as const) {
        for (const [i, route] of (service.spec[rule] ?? []).entries()) {
          for (const [j, match] of (route?.match ?? []).entries()) {
            if (match?.gateways) checkNames(context, service, bound, match.gateways, ['spec', rule, i, 'match', j, 'gateways']);
          }
        }
      }
    }
  },
});

function checkNames(
  { mesh, knows, report }: Context<typeof messages>,
  service: Resource<VirtualService>,
  bound: ReadonlySet<string>,
  names: readonly string[],
  path: Path,
): void {
  const full = names.map((name) => resolveGatewayName(service.namespace, name));
  const dead = !full.some((name) => bound.has(name));
  for (const [i, gateway] of names.entries()) {
    const name = full[i] as string;
    if (bound.has(name)) continue;
    const [namespace, short] = name.split('/', 2) as [string, string];
    const exists = name === 'mesh' || mesh.find('Gateway', namespace, short) !== undefined;
    const missing = !exists && knows('Gateway');
    const written = service.spec.gateways ?? [];
    const { help, fix } = meant(candidate(written, name), [...path, i]);
    // A gateway that exists is what was meant; one that may exist elsewhere is not for weft to rename.
    const extra = exists ? {} : { help, fix: missing ? fix : undefined };
    report('WFT1010', service, [...path, i], { gateway, bound: written, dead, missing }, extra);
  }
}

/** The gateway of the virtual service that has the same name in another namespace, or a near one. */
function candidate(written: readonly string[], name: string): string | undefined {
  const short = (full: string): string => full.slice(full.indexOf('/') + 1);
  const same = written.filter((w) => w !== 'mesh' && short(w) === short(name));
  return same.length === 1 ? same[0] : (new NearestIndex(written).find(name.includes('/') ? short(name) : name) ?? new NearestIndex(written).find(name));
}
