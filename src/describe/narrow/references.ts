// Names of other objects in objects as they are written. More names than there are is no harm: more is read.
import { isMap, items, text } from '../../model/untyped.ts';

type Fields = Record<string, unknown>;

export interface Written {
  kind: string;
  name: string;
  namespace: string;
  spec: Fields;
  labels: Record<string, string>;
}

/** Undefined for what is no object with a name. */
export function writtenObject(value: unknown, defaultNamespace: string): Written | undefined {
  if (!isMap(value)) return undefined;
  const metadata = isMap(value.metadata) ? value.metadata : {};
  return {
    kind: text(value.kind),
    name: text(metadata.name),
    namespace: text(metadata.namespace) || defaultNamespace,
    spec: isMap(value.spec) ? value.spec : {},
    labels: stringsOf(metadata.labels),
  };
}

export function stringsOf(value: unknown): Record<string, string> {
  return isMap(value) ? Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')) : {};
}

/** Labels of the pods that an object is, or makes. */
export function podLabels({ kind, spec, labels }: Written): Record<string, string> {
  if (kind === 'Pod') return labels;
  const template = isMap(spec.template) ? spec.template : isMap(spec.jobTemplate) && isMap(spec.jobTemplate.spec) ? spec.jobTemplate.spec.template : undefined;
  const metadata = isMap(template) && isMap(template.metadata) ? template.metadata : {};
  return stringsOf(metadata.labels);
}

/** What a host is found by: the name of a service of the cluster, else all of it. */
export function wordOfHost(host: string): string {
  const lower = host.toLowerCase().replace(/^\*\.?/, '');
  const local = /^([^.]+)\.[^.]+(?:\.svc(?:\.cluster\.local)?\.?)?$/.exec(lower);
  if (!lower.includes('.')) return lower;
  return lower.endsWith('.svc.cluster.local') && local ? (local[1] as string) : lower;
}

export interface RoutingNames {
  hosts: string[];
  gateways: string[];
  /** Objects that rules are taken over from; of a delegate its own name. */
  delegates: string[];
  /** Hosts of destinations and mirrors, of rules that have to do with the words. */
  destinations: string[];
}

/** @param isWanted whether a rule has to do with what is described */
export function namesOfVirtualService({ name, spec }: Written, isWanted: (rule: Fields, hosts: readonly string[]) => boolean): RoutingNames {
  const hosts = textsOf(spec.hosts);
  const rules = [spec.http, spec.tls, spec.tcp].flatMap((list) => items(list as Fields[]));
  const delegates = rules.flatMap(({ delegate }) => (isMap(delegate) ? text(delegate.name) : []));
  const destinations = rules.filter((rule) => isWanted(rule, hosts)).flatMap(hostsIn);
  const gateways = [...textsOf(spec.gateways), ...rules.flatMap(({ match }) => items(match as Fields[]).flatMap((one) => textsOf(one.gateways)))];
  return {
    hosts,
    gateways: gateways.map((gateway) => gateway.slice(gateway.indexOf('/') + 1)),
    delegates: [...delegates, ...(hosts.length === 0 ? [name] : [])],
    destinations,
  };
}

/** Of a route of the Gateway API. */
export function namesOfApiRoute({ spec }: Written): RoutingNames {
  const backends: string[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (isMap(value)) {
      for (const key of ['backendRefs', 'backendRef']) for (const one of [value[key]].flat()) if (isMap(one)) backends.push(text(one.name));
      for (const child of Object.values(value)) walk(child);
    }
  };
  walk(spec.rules);
  return { hosts: textsOf(spec.hostnames), gateways: items(spec.parentRefs as Fields[]).map(({ name }) => text(name)), delegates: [], destinations: backends };
}

/** Every `host` below a value. */
function hostsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(hostsIn);
  if (!isMap(value)) return [];
  return [...(typeof value.host === 'string' ? [value.host] : []), ...Object.values(value).flatMap(hostsIn)];
}

export function textsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : [];
}

/** A wildcard may be for services of the mesh; at gateways it is a host of its own. */
export function isForEveryHost({ hosts, gateways }: { hosts: readonly string[]; gateways: readonly string[] }): boolean {
  return (
    (gateways.length === 0 || gateways.includes('mesh')) &&
    hosts.some((host) => host === '*' || 'svc.cluster.local'.endsWith(host.replace(/^\*\.?/, '')) || /^\*.*\.svc\.cluster\.local$/.test(host))
  );
}

/** Numbers of a Service's ports. */
export function portsOf(spec: Record<string, unknown>): string[] {
  const { ports } = spec;
  return Array.isArray(ports) ? ports.flatMap((port: unknown) => (typeof port === 'object' && port !== null && 'port' in port ? [String(port.port)] : [])) : [];
}

/** Every port is HTTP by its name. */
export function isHttpOnly({ ports }: Record<string, unknown>): boolean {
  return (
    Array.isArray(ports) &&
    ports.every((port: unknown) => {
      if (typeof port !== 'object' || port === null || 'appProtocol' in port) return false;
      const { name } = port as { name?: unknown };
      return typeof name === 'string' && /^(?:http|http2|grpc)(?:-|$)/.test(name);
    })
  );
}
