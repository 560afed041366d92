// What a pod, a machine beside the cluster, or an address in a list says about itself as an endpoint.
import type { WorkloadEntry } from '../manifest/istio/networking.gen.ts';
import type { Resource } from '../manifest/resource.ts';
import { containersOf, proxyImageOf } from './injection.ts';
import type { Node, Pod } from './kubernetes.ts';
import type { Labels } from './label-index.ts';
import type { Mesh } from './mesh.ts';
import { isMap, items, text } from './untyped.ts';

export const regionLabel = 'topology.kubernetes.io/region';
export const zoneLabel = 'topology.kubernetes.io/zone';
export const subzoneLabel = 'topology.istio.io/subzone';
export const hostnameLabel = 'kubernetes.io/hostname';
const localityLabel = 'istio-locality';
const tlsModeLabel = 'security.istio.io/tlsMode';

/** Who answers at an endpoint. */
export interface EndpointWorkload {
  /** Those that are written, and the place (DR-R48). */
  labels: Labels;
  /** `region/zone/subzone`, without empty parts at its end. */
  locality: string;
  /** A sidecar takes mTLS (DR-R71). */
  mtls: boolean;
  name: string;
  namespace: string;
  serviceAccount: string;
  /** Name of the node; empty where it is not known. */
  node: string;
}

/** Region, zone and subzone of `region/zone/subzone`. */
export function localityParts(locality: string): [region: string, zone: string, subzone: string] {
  const [region = '', zone = '', ...rest] = locality.split('/');
  return [region, zone, rest.join('/')];
}

/** Labels with those of the place, which rules compare like any others. */
export function withPlace(labels: Labels, locality: string, node: string): Labels {
  if (locality === '' && node === '') return labels;
  const [region, zone, subzone] = localityParts(locality);
  return {
    ...labels,
    ...(region === '' ? {} : { [regionLabel]: region }),
    ...(zone === '' ? {} : { [zoneLabel]: zone }),
    ...(subzone === '' ? {} : { [subzoneLabel]: subzone }),
    ...(node === '' ? {} : { [hostnameLabel]: node }),
  };
}

function trimmed(locality: string): string {
  return locality.replace(/\/+$/, '');
}

/** The locality that a label says; a point stands for a slash, which labels cannot have. */
function labelled(labels: Labels): string {
  const written = labels[localityLabel] ?? '';
  return trimmed(written.includes('/') ? written : written.replaceAll('.', '/'));
}

/** Where nodes are: `region/zone/subzone` by name, of those that say it. */
export type NodePlaces = ReadonlyMap<string, string>;

/** The same map as long as no node is somewhere else. */
export function nodePlaces(mesh: Mesh): NodePlaces {
  return mesh.memo<NodePlaces>('places of nodes', ['Node'], (former) => {
    const all = new Map(mesh.listIn('Node', '').map((node) => [node.name, nodeLocality(node)]));
    const places = new Map([...all].filter(([, place]) => place !== ''));
    const same = former?.size === places.size && [...places].every(([name, place]) => former.get(name) === place);
    return same ? former : places;
  });
}

export function podWorkload(places: NodePlaces, pod: Pod): EndpointWorkload {
  const { spec, namespace } = pod;
  const node = text(spec.nodeName);
  const locality = labelled(pod.labels) || (places.get(node) ?? '');
  const { serviceAccountName, serviceAccount } = spec as { serviceAccountName?: unknown; serviceAccount?: unknown };
  return {
    labels: withPlace(pod.labels, locality, node),
    locality,
    mtls: pod.labels[tlsModeLabel] === 'istio' || proxyImageOf([...containersOf(spec), ...items(spec.initContainers)]) !== '',
    name: ownerName(pod),
    namespace,
    serviceAccount: text(serviceAccountName) || text(serviceAccount) || 'default',
    node,
  };
}

function nodeLocality(node: Node): string {
  const label = (name: string): string => node.labels[`topology.kubernetes.io/${name}`] ?? node.labels[`failure-domain.beta.kubernetes.io/${name}`] ?? '';
  return trimmed(`${label('region')}/${label('zone')}/${node.labels[subzoneLabel] ?? ''}`);
}

/** Name of what makes the pod: of a ReplicaSet its Deployment. */
function ownerName({ raw, labels, name }: Pod): string {
  const { ownerReferences } = raw.metadata as { ownerReferences?: unknown };
  const owner = (Array.isArray(ownerReferences) ? ownerReferences : []).filter(isMap).find((reference) => reference.controller === true);
  const owned = text(owner?.name);
  if (owned === '') return name;
  const suffix = `-${labels['pod-template-hash'] ?? ''}`;
  return owner?.kind === 'ReplicaSet' && suffix !== '-' && owned.endsWith(suffix) ? owned.slice(0, -suffix.length) : owned;
}

/** @param meta labels of the object that the entry is in; they are the workload's, too */
export function entryWorkload(entry: WorkloadEntry, namespace: string, name: string, meta: Labels): EndpointWorkload {
  const labels = { ...entry.labels, ...meta };
  const locality = trimmed(text(entry.locality)) || labelled(labels);
  return {
    labels: withPlace(labels, locality, ''),
    locality,
    mtls: labels[tlsModeLabel] === 'istio',
    name,
    namespace,
    serviceAccount: text(entry.serviceAccount),
    node: '',
  };
}

/** Nothing is known but the node. */
export function unknownWorkload(places: NodePlaces, namespace: string, node: string): EndpointWorkload {
  const locality = places.get(node) ?? '';
  return { labels: withPlace({}, locality, node), locality, mtls: false, name: '', namespace, serviceAccount: '', node };
}

/** Whether a pod takes requests as far as its status tells; a pod without a status is one that runs. */
export function isReady({ raw }: Pod): boolean {
  const status = isMap(raw.status) ? raw.status : {};
  if (status.phase === 'Succeeded' || status.phase === 'Failed' || status.phase === 'Pending') return false;
  if ((raw.metadata as { deletionTimestamp?: unknown }).deletionTimestamp) return false;
  const conditions = (Array.isArray(status.conditions) ? status.conditions : []).filter(isMap);
  return !conditions.some(({ type, status: value }) => type === 'Ready' && value === 'False');
}

/** A pod that has ended keeps its address in its status. */
export function isFinished({ raw }: Resource): boolean {
  return isMap(raw.status) && (raw.status.phase === 'Succeeded' || raw.status.phase === 'Failed');
}

/** Empty for a pod that has none yet. */
export function addressOf({ raw }: Pod): string {
  return isMap(raw.status) ? text(raw.status.podIP) : '';
}

/** A machine whose health is checked takes requests once it is healthy. */
export function isHealthyEntry({ raw, annotations }: Resource<WorkloadEntry>): boolean {
  if (annotations['proxy.istio.io/health-checks-enabled'] !== 'true') return true;
  const status = isMap(raw.status) ? raw.status : {};
  const conditions = (Array.isArray(status.conditions) ? status.conditions : []).filter(isMap);
  return conditions.some(({ type, status: value }) => type === 'Healthy' && value === 'True');
}
