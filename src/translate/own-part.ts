// What is in a table for its proxy alone: the traffic to its workload.
import { hash } from 'node:crypto';
import type { ProxyIdentity } from '../ir/table.ts';
import { DestinationRules } from '../model/destination-rules.ts';
import type { Mesh } from '../model/mesh.ts';
import { PeerPolicies } from '../model/peer-authentication.ts';
import { keepList, sameItems } from '../model/same.ts';
import { type MeshService, Services } from '../model/services.ts';
import { type InboundTraffic, inboundFor } from './clusters/inbound.ts';
import { Members } from './clusters/members.ts';
import { keepEqual } from './keep-equal.ts';
import { sidecarOf } from './proxy-scope.ts';

export interface OwnPart extends Readonly<InboundTraffic> {
  /** Equal for equal content. */
  digest: string;
}

interface State {
  inputs: readonly unknown[];
  part: OwnPart;
  idle: number;
}

/** A proxy that nobody asks for is remembered for so many meshes that tables were made of. */
const mostIdle = 8;

const nothing: OwnPart = { listeners: [], routes: [], clusters: [], digest: '' };

/** Own parts of all proxies of one mesh. */
export class OwnParts {
  private readonly states = new Map<string, State>();
  private readonly made = new Map<string, OwnPart>();
  /** One for all proxies that have the same. */
  private readonly byDigest = new Map<string, OwnPart>();

  constructor(former: OwnParts | undefined) {
    for (const [key, state] of former?.states ?? []) if (state.idle < mostIdle) this.states.set(key, { ...state, idle: state.idle + 1 });
  }

  /** @param key of the proxy */
  of(mesh: Mesh, key: string, proxy: ProxyIdentity): OwnPart {
    if (proxy.role === 'gateway') return nothing;
    let part = this.made.get(key);
    if (!part) {
      const former = this.states.get(key);
      const inputs = inputsOf(mesh, proxy);
      part = former && sameItems(former.inputs, inputs) ? former.part : this.make(mesh, proxy, former?.part);
      this.states.set(key, { inputs, part, idle: 0 });
      this.made.set(key, part);
    }
    return part;
  }

  private make(mesh: Mesh, proxy: ProxyIdentity, former: OwnPart | undefined): OwnPart {
    const { listeners, routes, clusters } = inboundFor(mesh, proxy);
    const digest = hash('sha1', JSON.stringify([listeners, routes, clusters]), 'base64url');
    if (former?.digest === digest) return former;
    const known = this.byDigest.get(digest);
    if (known) return known;
    const part: OwnPart = {
      listeners: kept(former?.listeners, listeners),
      routes: kept(former?.routes, routes),
      clusters: kept(former?.clusters, clusters),
      digest,
    };
    this.byDigest.set(digest, part);
    return part;
  }
}

function kept<T extends { name: string }>(former: readonly T[] | undefined, next: readonly T[]): T[] {
  const byName = new Map(former?.map((item) => [item.name, item]));
  return keepList(
    former,
    next.map((item) => keepEqual(byName.get(item.name), item)),
  ) as T[];
}

/** All that `inboundFor` reads, beside the proxy. */
function inputsOf(mesh: Mesh, proxy: ProxyIdentity): readonly unknown[] {
  const services = Services.of(mesh);
  // A port with a name is one of the workload's containers.
  const named = haveNamedTargets(services.listIn(proxy.namespace));
  return [
    mesh.meshConfig,
    services,
    DestinationRules.of(mesh),
    PeerPolicies.of(mesh),
    sidecarOf(mesh, proxy),
    named ? mesh.workloads(proxy.namespace) : undefined,
    ...proxy.addresses.flatMap((address) => Members.of(mesh).at(address)),
  ];
}

// The services of a namespace are the same list until one of them changes.
const namedTargets = new WeakMap<readonly MeshService[], boolean>();

function haveNamedTargets(services: readonly MeshService[]): boolean {
  let named = namedTargets.get(services);
  if (named === undefined) {
    named = services.some(({ ports }) => ports.some(({ targetPort }) => typeof targetPort === 'string'));
    namedTargets.set(services, named);
  }
  return named;
}
