// What tells the tables of two proxies apart.
import { hash } from 'node:crypto';
import type { ProxyIdentity } from '../ir/table.ts';
import type { VirtualService } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { Endpoints } from '../model/endpoints.ts';
import type { Mesh } from '../model/mesh.ts';
import { PeerPolicies } from '../model/peer-authentication.ts';
import { Services } from '../model/services.ts';
import { type InboundTraffic, inboundFor } from './clusters/inbound.ts';
import { membership } from './clusters/inbound-ports.ts';
import { sidecarOf } from './proxy-scope.ts';

/** Proxies with equal keys have equal tables, but for `proxy` itself. */
export function viewKey(mesh: Mesh, proxy: ProxyIdentity): string {
  return JSON.stringify([asClient(mesh, proxy), inbound(mesh, proxy).key]);
}

/** What a sidecar does with traffic for its own workload. */
export function inboundOf(mesh: Mesh, proxy: ProxyIdentity): InboundTraffic {
  return inbound(mesh, proxy).traffic;
}

const names = new WeakMap<ProxyIdentity, string>();

/** Says all of a proxy. */
function nameOf(proxy: ProxyIdentity): string {
  const name = names.get(proxy) ?? JSON.stringify(proxy);
  names.set(proxy, name);
  return name;
}

interface Inbound {
  traffic: InboundTraffic;
  key: string;
}

function inbound(mesh: Mesh, proxy: ProxyIdentity): Inbound {
  const name = nameOf(proxy);
  return mesh.memo(`inbound ${name}`, [], () => {
    const known = mesh.cache('inbound', () => new Map<string, { of: readonly unknown[]; inbound: Inbound }>());
    const before = known.get(name);
    const of = proxy.role === 'gateway' ? [] : madeOf(mesh, proxy);
    if (before && before.of.length === of.length && before.of.every((one, i) => one === of[i])) return before.inbound;
    const traffic = inboundFor(mesh, proxy);
    const made: Inbound = { traffic, key: hash('sha1', JSON.stringify(traffic), 'base64') };
    remember(known, name, { of, inbound: made });
    return made;
  });
}

/** All that decides about the traffic for a workload. */
function madeOf(mesh: Mesh, proxy: ProxyIdentity): unknown[] {
  const rules = mesh.memo('version of DestinationRule', ['DestinationRule'], () => ({}));
  const members = membership(mesh, proxy).flatMap(({ service, port, target }) => [service, port, target]);
  return [mesh.meshConfig, PeerPolicies.of(mesh), rules, sidecarOf(mesh, proxy), ...members];
}

/** Proxies that were not asked for lately are forgotten. */
const mostKnown = 10_000;

function remember<T>(known: Map<string, T>, key: string, value: T): void {
  known.delete(key);
  known.set(key, value);
  const [oldest] = known.keys();
  if (known.size > mostKnown && oldest !== undefined) known.delete(oldest);
}

/** The proxy with what decides about the traffic of its application only: clients that the mesh treats alike are the same. */
export function asClient(mesh: Mesh, proxy: ProxyIdentity): ProxyIdentity {
  const { role, namespace, locality, labels, addresses } = proxy;
  // Of gateways there are few, and everything of them may count; patches may look at everything, too.
  if (role === 'gateway' || mesh.list('EnvoyFilter').length > 0) return proxy;
  const { byLabels, byNode } = distinctions(mesh);
  const [own] = addresses;
  const onlyIpv6 = addresses.length > 0 && addresses.every((address) => address.includes(':'));
  return {
    role,
    namespace,
    name: byNode ? proxy.name : '',
    labels: byLabels ? Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) : {},
    serviceAccount: '',
    locality,
    addresses: own !== undefined && addressesWithListeners(mesh).has(own) ? addresses : onlyIpv6 ? ['::1'] : [],
  };
}

interface Distinctions {
  /** Something is for proxies with certain labels only, or endpoints are nearer to them. */
  byLabels: boolean;
  /** Traffic of some service stays on its node, or the node is a label among others. */
  byNode: boolean;
}

function distinctions(mesh: Mesh): Distinctions {
  const kinds = ['VirtualService', 'DestinationRule', 'Sidecar', 'MeshConfig', 'Service'] as const;
  return mesh.memo('what is for some proxies only', kinds, () => {
    const known = mesh.cache('what is for some proxies only', () => new WeakMap<Resource, Distinctions>());
    const of = (resource: Resource): Distinctions => {
      const there = known.get(resource);
      if (there) return there;
      const made = distinctionsOf(resource);
      known.set(resource, made);
      return made;
    };
    const all = kinds.flatMap((kind) => (kind === 'MeshConfig' ? [] : mesh.list(kind).map((resource) => of(resource as Resource))));
    const byMesh = has(mesh.meshConfig.localityLbSetting, failoverPriority);
    return { byLabels: byMesh || all.some(({ byLabels }) => byLabels), byNode: byMesh || all.some(({ byNode }) => byNode) };
  });
}

const failoverPriority = 'failoverPriority';

function distinctionsOf({ kindName, spec }: Resource): Distinctions {
  if (kindName === 'VirtualService') return { byLabels: hasSourceLabels(spec as VirtualService), byNode: false };
  if (kindName === 'Service') return { byLabels: false, byNode: (spec as { internalTrafficPolicy?: unknown }).internalTrafficPolicy === 'Local' };
  const byPriority = has(spec, failoverPriority);
  return { byLabels: byPriority || has(spec, 'workloadSelector'), byNode: byPriority };
}

function hasSourceLabels({ http, tls, tcp }: VirtualService): boolean {
  const rules = [...(http ?? []), ...(tls ?? []), ...(tcp ?? [])];
  return rules.some((rule) => (rule?.match ?? []).some((match) => Object.keys(match?.sourceLabels ?? {}).length > 0));
}

/** Whether a field of this name is anywhere in a value, with something in it. */
function has(value: unknown, name: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, one]) => (key === name && one !== undefined && one !== null) || has(one, name));
}

/** Endpoints that have listeners of their own, but not at themselves (SEL-R43). */
function addressesWithListeners(mesh: Mesh): ReadonlySet<string> {
  const open = mesh.memo('services without an address', ['Service', 'ServiceEntry', 'MeshConfig'], () =>
    Services.of(mesh).all.filter(({ addresses, resolution }) => addresses.length === 0 && resolution === 'none'),
  );
  if (open.length === 0) return none;
  return mesh.memo('addresses with listeners', [], () => {
    const endpoints = Endpoints.of(mesh);
    return new Set(open.flatMap((service) => service.ports.flatMap((port) => endpoints.at(service, port).map(({ address }) => address))));
  });
}

const none: ReadonlySet<string> = new Set();
