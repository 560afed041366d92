// The ports of a workload that its sidecar knows: those of the services it belongs to, or those that a Sidecar names (SEC-R2).

import type { Origin, ProxyIdentity } from '../../ir/table.ts';
import { compareText } from '../../manifest/compare-text.ts';
import { isIp } from '../../manifest/ip.ts';
import type { ConnectionPoolSettings, IstioIngressListener, Sidecar } from '../../manifest/istio/networking.gen.ts';
import type { Resource } from '../../manifest/resource.ts';
import { createdAt } from '../../model/creation.ts';
import type { PodSpec } from '../../model/kubernetes.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { Protocol } from '../../model/protocols.ts';
import { protocolNames } from '../../model/protocols.ts';
import { workloadsSelected } from '../../model/selection.ts';
import { matchesLabels } from '../../model/selectors.ts';
import { targetPortOf } from '../../model/service-ports.ts';
import { type MeshPort, type MeshService, Services } from '../../model/services.ts';
import { originOf } from '../statuses.ts';
import { type Member, Members } from './members.ts';

/** Where the workload itself is reached; `address` may be the path of a Unix socket with port 0. */
export interface LocalEndpoint {
  address: string;
  port: number;
}

export interface InboundPort {
  /** Port of the workload; of connections that arrive. */
  targetPort: number;
  /** Port of the service. */
  number: number;
  protocol: Protocol | undefined;
  /** The service whose port it is; undefined: a Sidecar says it. */
  service: MeshService | undefined;
  /** Host, as requests are named by in traces (TEL-R31). */
  host: string;
  /** Address of the listener. */
  bind: string;
  ownSocket: boolean;
  /** Undefined: where the connection was going. */
  endpoint: LocalEndpoint | undefined;
  /** Instead of what a destination rule says. */
  connectionPool: ConnectionPoolSettings | undefined;
  origin: Origin;
}

const everyAddress = '0.0.0.0';

/** By target port. */
export function inboundPorts(mesh: Mesh, proxy: ProxyIdentity, sidecar: Resource<Sidecar> | undefined): InboundPort[] {
  const uncaptured = mesh.meshConfig.defaultConfig?.interceptionMode === 'NONE';
  const ofServices = servicePorts(mesh, proxy);
  const ingress = (sidecar?.spec.ingress ?? []).map((entry, i) => ({ entry, i })).filter(({ entry }) => entry?.port?.number);
  const ports = new Map<number, InboundPort>();
  // Without a Sidecar nobody says where listeners of their own would not be in the workload's way.
  if (!sidecar || ingress.length === 0) {
    if (uncaptured) return [];
    for (const port of ofServices) {
      if (!ports.has(port.targetPort)) ports.set(port.targetPort, { ...port, connectionPool: sidecar?.spec.inboundConnectionPool });
    }
  }
  for (const { entry, i } of sidecar ? ingress : []) {
    const port = ingressPort(proxy, sidecar as Resource<Sidecar>, entry, i, uncaptured, ofServices);
    if (!ports.has(port.targetPort)) ports.set(port.targetPort, port);
  }
  return [...ports.values()].sort((a, b) => a.targetPort - b.targetPort);
}

function ingressPort(
  proxy: ProxyIdentity,
  sidecar: Resource<Sidecar>,
  entry: IstioIngressListener,
  index: number,
  uncaptured: boolean,
  ofServices: readonly InboundPort[],
): InboundPort {
  const number = entry.port?.number as number;
  const protocol = entry.port?.protocol?.toLowerCase();
  return {
    targetPort: number,
    number,
    protocol: protocolNames.find((name) => name === protocol),
    service: ofServices.find(({ targetPort }) => targetPort === number)?.service,
    host: `${sidecar.name}.${proxy.namespace}`,
    bind: entry.bind || (proxy.addresses[0] ?? everyAddress),
    ownSocket: entry.captureMode === 'NONE' || (uncaptured && entry.captureMode !== 'IPTABLES'),
    endpoint: localEndpoint(entry.defaultEndpoint ?? '', proxy),
    connectionPool: entry.connectionPool ?? sidecar.spec.inboundConnectionPool,
    origin: originOf(sidecar, 'spec', 'ingress', index),
  };
}

/** `127.0.0.1:8080`, `0.0.0.0:8080` for the workload's own address, `unix:///var/run/app.sock`. */
function localEndpoint(written: string, { addresses }: ProxyIdentity): LocalEndpoint | undefined {
  if (written.startsWith('unix://')) return { address: written.slice('unix://'.length), port: 0 };
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d+)$/.exec(written);
  if (!match) return undefined;
  const address = match[1] ?? match[2] ?? '';
  const own = address === '' || address === everyAddress || address === '::';
  const port = Number(match[3]);
  // Names are not looked up here.
  if ((!own && !isIp(address)) || port < 1 || port > 65535) return undefined;
  return { address: own ? (addresses[0] ?? '127.0.0.1') : address, port };
}

/** Ports of the services that the workload belongs to; of several services with one port the oldest comes first. */
function servicePorts(mesh: Mesh, proxy: ProxyIdentity): InboundPort[] {
  const age = ({ resource }: MeshService): string => createdAt(resource) || '~';
  return membership(mesh, proxy)
    .sort((a, b) => (age(a.service) === age(b.service) ? compareText(a.service.host, b.service.host) : compareText(age(a.service), age(b.service))))
    .map(({ service, port, target }) => ({
      targetPort: target,
      number: port.number,
      protocol: port.protocol,
      service,
      host: service.host,
      bind: everyAddress,
      ownSocket: false,
      endpoint: undefined,
      connectionPool: undefined,
      origin: originOf(service.resource),
    }));
}

/** Services that select the workload, and those that list one of its addresses. */
function membership(mesh: Mesh, proxy: ProxyIdentity): Member[] {
  const out: Member[] = [];
  const seen = new Set<string>();
  const add = (service: MeshService, port: MeshPort, target: number | undefined): void => {
    const key = `${service.namespace}/${service.host}/${port.number}/${target}`;
    if (target === undefined || seen.has(key)) return;
    seen.add(key);
    out.push({ service, port, target });
  };
  for (const address of proxy.addresses) for (const { service, port, target } of Members.of(mesh).at(address)) add(service, port, target);
  for (const service of Services.of(mesh).listIn(proxy.namespace)) {
    if (!service.selector || !matchesLabels(service.selector, proxy.labels)) continue;
    for (const port of service.ports) add(service, port, targetOf(mesh, proxy, service, port));
  }
  return out;
}

/** A target port with a name is looked up in the workload's containers. */
function targetOf(mesh: Mesh, { namespace, name, labels }: ProxyIdentity, service: MeshService, port: MeshPort): number | undefined {
  const written = port.targetPort || port.number;
  if (typeof written === 'number' || /^\d+$/.test(written)) return Number(written);
  if (service.source !== 'kubernetes') return undefined;
  const workload = workloadsSelected(mesh, namespace, labels);
  const spec: PodSpec | undefined = (workload.find((candidate) => candidate.name === name) ?? workload[0])?.spec;
  return spec && targetPortOf({ port: port.number, targetPort: written }, spec);
}
