// Probes of the application go to the sidecar, which makes them in its name: from outside they would be redirected, and with mTLS
// refused.
import { isMap } from '../model/untyped.ts';
import { savedMap } from './annotations.ts';
import type { Container, Handler, PodSpec } from './pod.ts';
import { proxyName, sidecarOf } from './pod.ts';

const probersVariable = 'ISTIO_KUBE_APP_PROBERS';

const kinds = [
  ['readinessProbe', 'readyz'],
  ['livenessProbe', 'livez'],
  ['startupProbe', 'startupz'],
] as const;

/** A probe as the sidecar reads it: ports are numbers. */
interface Prober {
  httpGet?: unknown;
  tcpSocket?: unknown;
  grpc?: unknown;
  timeoutSeconds?: number;
}

function pathOf(container: string, name: string): string {
  return `/app-health/${container}/${name}`;
}

/** Changes the probes of the application and gives the originals to the sidecar, in place. Commands (`exec`) stay. */
export function rewriteProbes(spec: PodSpec, port: number): void {
  const sidecar = sidecarOf(spec);
  if (!sidecar) return;
  const probers: Record<string, Prober> = {};
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    if (container.name === proxyName) continue;
    for (const [field, name] of kinds) {
      const probe = container[field];
      const path = pathOf(container.name, name);
      // The sidecar would ask itself.
      if (!probe || probe.httpGet?.path === path) continue;
      const prober = proberOf(probe, container);
      if (!prober) continue;
      probers[path] = prober;
      container[field] = rewritten(probe, path, port);
    }
  }
  const others = (sidecar.env ?? []).filter(({ name }) => name !== probersVariable);
  const paths = Object.keys(probers).sort();
  if (paths.length > 0)
    sidecar.env = [...others, { name: probersVariable, value: JSON.stringify(Object.fromEntries(paths.map((path) => [path, probers[path]]))) }];
}

function rewritten({ httpGet, tcpSocket: _tcp, grpc: _grpc, ...timing }: Handler, path: string, port: number): Handler {
  return { ...timing, httpGet: { path, port, ...(httpGet?.scheme === undefined ? {} : { scheme: 'HTTP' }) } };
}

/** Undefined for a command, and where the port has a name that the container does not have: the kubelet says so of the original. */
function proberOf({ httpGet, tcpSocket, grpc, timeoutSeconds }: Handler, container: Container): Prober | undefined {
  const timeout = timeoutSeconds ? { timeoutSeconds } : {};
  if (httpGet) {
    const { path, port: named, host, scheme, httpHeaders } = httpGet;
    const port = portOf(named, container);
    return port === undefined ? undefined : { httpGet: { path, port, host, scheme, httpHeaders }, ...timeout };
  }
  if (tcpSocket) {
    const port = portOf(tcpSocket.port, container);
    return port === undefined ? undefined : { tcpSocket: { port, host: tcpSocket.host }, ...timeout };
  }
  return grpc ? { grpc: { port: grpc.port, service: grpc.service ?? null }, ...timeout } : undefined;
}

function portOf(port: number | string | undefined, { ports }: Container): number | undefined {
  if (typeof port === 'number') return port;
  const found = ports?.find(({ name }) => name !== undefined && name === port)?.containerPort;
  return found ?? (/^\d+$/.test(port ?? '') ? Number(port) : undefined);
}

/** Takes back what `rewriteProbes` did, in place. */
export function restoreProbes(spec: PodSpec, sidecar: Container): void {
  const probers = savedMap(sidecar.env?.find(({ name }) => name === probersVariable)?.value);
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    for (const [field, name] of kinds) {
      const probe = container[field];
      const path = pathOf(container.name, name);
      const original = probers[path];
      if (!probe || probe.httpGet?.path !== path || !isMap(original)) continue;
      const { httpGet: _, ...timing } = probe;
      const { timeoutSeconds: _timeout, ...handler } = original;
      container[field] = { ...timing, ...withoutNulls(handler) };
    }
  }
}

function withoutNulls(handler: Record<string, unknown>): Record<string, unknown> {
  const { grpc } = handler;
  if (!isMap(grpc) || grpc.service !== null) return handler;
  return { ...handler, grpc: { port: grpc.port } };
}
