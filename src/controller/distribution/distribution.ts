import type { About, DistributionAnswer, DistributionRequest, ProxyProgress } from '../../envoy/xds/control-plane-api.ts';
import type { ControlPlaneAnswers } from '../../envoy/xds/control-plane-server.ts';
import { proxyName, typeName } from '../../envoy/xds/proxy-statuses.ts';
import type { StreamProgress } from '../../envoy/xds/stream.ts';
import { compareText } from '../../manifest/compare-text.ts';
import type { MeshSource } from '../xds/known-proxy.ts';
import type { AbsentProxy } from './absent-proxies.ts';

export interface KnownResource extends Pick<DistributionAnswer, 'resource'> {
  /** Of the first mesh that is as it should be; undefined: no proxy has to have anything, or none can have it yet. */
  generation: number | undefined;
}

export interface DistributionFacts {
  source: MeshSource;
  about(): About;
  /** What is known of a resource. @throws Error where `newest` cannot be found out */
  resource(request: DistributionRequest): KnownResource | Promise<KnownResource>;
  streams(): readonly StreamProgress[];
  /** Proxies that are not connected here, and are to be expected. */
  absent(): readonly AbsentProxy[];
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Says which proxies have acknowledged the mesh in which a resource is as somebody wants it. */
export class Distribution implements ControlPlaneAnswers {
  private readonly facts: DistributionFacts;

  constructor(facts: DistributionFacts) {
    this.facts = facts;
  }

  about(): About {
    return this.facts.about();
  }

  async distribution(request: DistributionRequest): Promise<DistributionAnswer> {
    const { resource, generation } = await this.facts.resource(request);
    return { about: this.about(), resource, proxies: isForProxies(resource.state) ? this.proxies(generation) : [] };
  }

  private proxies(generation: number | undefined): ProxyProgress[] {
    const { facts } = this;
    const now = facts.now();
    const connected = facts.streams().map((stream) => progressOf(stream, generation ?? Number.POSITIVE_INFINITY, now, facts.source));
    const keys = new Set(connected.map(({ key }) => key));
    const absent = facts.absent().flatMap(({ key, name, namespace, id, program, since }): ProxyProgress[] => {
      if (keys.has(key)) return [];
      return [{ key, name, namespace, id, program, state: 'unconnected', ...(since === undefined ? {} : { forMs: Math.max(0, now - since) }) }];
    });
    return [...connected, ...absent].sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name) || compareText(a.key, b.key));
  }
}

function isForProxies(state: DistributionAnswer['resource']['state']): boolean {
  return state !== 'invalid' && state !== 'ignored' && state !== 'unwatched';
}

/** In a cluster the name of a pod says which one it is; on a laptop several processes may say that they are the same proxy. */
export function proxyKey({ node, peer }: Pick<StreamProgress, 'node' | 'peer'>, source: MeshSource): string {
  const { namespace, name } = proxyName(node);
  return source === 'cluster' && namespace !== '' && name !== '' ? `${namespace}/${name}` : `${node.id} ${source === 'cluster' ? '' : peer}`.trim();
}

function progressOf(stream: StreamProgress, generation: number, now: number, source: MeshSource): ProxyProgress {
  const { node, connectedAt, acknowledged, isStarting, refusals, unanswered } = stream;
  const common = { key: proxyKey(stream, source), ...proxyName(node), id: node.id, program: node.userAgent };
  const since = (time: number): number => Math.max(0, Math.round(now - time));
  const types = (list: readonly { typeUrl: string }[]): string[] => list.map(({ typeUrl }) => typeName(typeUrl));
  if (acknowledged >= generation) return { ...common, state: 'acknowledged' };
  const [refusal] = refusals;
  if (refusal) return { ...common, state: 'refused', forMs: since(refusal.time), types: types(refusals), text: refusal.text };
  if (unanswered.length > 0) return { ...common, state: 'unanswered', forMs: since(Math.min(...unanswered.map((one) => one.since))), types: types(unanswered) };
  return isStarting ? { ...common, state: 'starting', forMs: since(connectedAt) } : { ...common, state: 'unsent' };
}
