// The configurations that Istio 1.28.1 made, beside what weft makes of the same manifests.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EnvoyResources, envoyResources } from '../../src/envoy/resources.ts';
import type { Mesh } from '../../src/model/mesh.ts';
import { routingTable } from '../../src/translate/table.ts';
import { caseOfDump, conformance, type LoadedMesh, meshOfCase, meshOfDump } from '../routing/case-mesh.ts';
import { type Difference, differences, type Json } from './semantic-diff.ts';

export type Kind = keyof EnvoyResources;

export interface ListedDifference {
  /** Of paths that differ, from the kind on: a regular expression for the whole of it. */
  path: string;
  reason: string;
}

interface Named {
  name?: string;
  cluster_name?: string;
  '@type'?: string;
}
type Dump = Record<Kind, Named[]>;

const messages: Readonly<Record<Kind, string>> = {
  listeners: 'envoy.config.listener.v3.Listener',
  routes: 'envoy.config.route.v3.RouteConfiguration',
  clusters: 'envoy.config.cluster.v3.Cluster',
  endpoints: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
};

const folder = join(conformance, 'envoy');

export const dumps: readonly string[] = existsSync(folder)
  ? readdirSync(folder).flatMap((file) => /^(.+)\.(?:config_dump|out)\.json$/.exec(file)?.[1] ?? [])
  : [];

/** What recorders wanted to know of each request. */
const logged = {
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  authority: '%REQ(:AUTHORITY)%',
  cluster: '%UPSTREAM_CLUSTER_RAW%',
  code: '%RESPONSE_CODE%',
  details: '%RESPONSE_CODE_DETAILS%',
  fail: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  flags: '%RESPONSE_FLAGS%',
  id: '%REQ(X-ORACLE-ID)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  route: '%ROUTE_NAME%',
  term: '%CONNECTION_TERMINATION_DETAILS%',
  upstream_host: '%UPSTREAM_HOST%',
};

/** And of the cases of `roles/`. */
const loggedByRole = { ...logged, chain: '%FILTER_CHAIN_NAME%', mtls: '%DOWNSTREAM_PEER_URI_SAN%', proto: '%PROTOCOL%', sni: '%REQUESTED_SERVER_NAME%' };

/** The mesh and the proxy that a configuration was made for. */
export function loadDump(id: string): LoadedMesh {
  const routingCase = caseOfDump(id);
  if (!routingCase) return meshOfDump(id);
  const format = existsSync(join(conformance, 'roles', `${id}.yaml`)) ? loggedByRole : logged;
  const log = { accessLogFile: '/dev/stdout', accessLogEncoding: 'JSON', accessLogFormat: JSON.stringify(format) };
  return meshOfCase({ ...routingCase, mesh: { ...log, ...routingCase.mesh } });
}

/** The recorded configuration: JSON with a list of each kind. */
export function dumpText(id: string): string {
  const file = [`${id}.config_dump.json`, `${id}.out.json`].map((name) => join(folder, name)).find((name) => existsSync(name)) as string;
  // The recorder of the larger meshes knew no domain of the cluster (SEL-R2).
  return readFileSync(file, 'utf8').replaceAll(/nosuch\.default(?=[":])/g, 'nosuch.default.svc.cluster.local');
}

function recorded(id: string): Dump {
  const { listeners = [], routes = [], clusters = [], endpoints = [] } = JSON.parse(dumpText(id)) as Partial<Dump>;
  return { listeners, routes: [...routes, ...routesInside(listeners)], clusters, endpoints };
}

/** Istio's inbound listeners have their routes inside, the same ones several times. */
function routesInside(listeners: readonly Named[]): Named[] {
  const found = new Map<string, Named>();
  JSON.stringify(listeners, (key, value: Named) => {
    if (key === 'route_config') found.set(value.name ?? '', value);
    return value;
  });
  return [...found.values()];
}

/** Most recordings have no inbound listener; what belongs to one is then left out. */
function isInbound({ name = '', cluster_name = name }: Named): boolean {
  return /^(inbound\||virtualInbound$|InboundPassthroughCluster$)/.test(cluster_name);
}

export function differencesOf(id: string, kind: Kind): Difference[] {
  const expected = recorded(id)[kind];
  const { mesh, inboundMesh, proxy } = loadDump(id);
  const made = (of: Mesh): Named[] => envoyResources(routingTable(of, proxy), { meshTls: 'sds' })[kind] as Named[];
  const outbound = made(mesh).filter((one) => !isInbound(one));
  const inbound = expected.some(isInbound) ? made(inboundMesh).filter(isInbound) : [];
  return differences(expected.map(untyped), [...outbound, ...inbound].map(untyped), messages[kind], kind);
}

function untyped({ '@type': _, ...rest }: Named): Json {
  return rest as Json;
}

/** Each kind has a list of differences that are meant, in docs/envoy-differences. */
export function listedDifferences(kind: Kind): { listed: RegExp; reason: string }[] {
  const file = join(import.meta.dirname, '../../docs/envoy-differences', `${kind}.json`);
  const entries = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ListedDifference[]) : [];
  return entries.map(({ path, reason }) => ({ listed: new RegExp(`^(?:${path})$`), reason }));
}
