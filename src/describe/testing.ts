// Descriptions of small meshes for the tests of this room.
import { meshOf, type TestOptions } from '../analysis/testing.ts';
import type { PodDescription, ServiceDescription } from './description.ts';
import { findService, findWorkload } from './find.ts';
import { describePod } from './pod.ts';
import { describeService } from './service.ts';

const sidecar = '{name: istio-proxy, image: "registry:5000/weft:0.1.0", args: [proxy, run, --engine, embedded], ports: [{containerPort: 15090}]}';

export interface TestPod {
  /** `{app: cart, version: v1}` */
  labels?: string;
  /** More of its metadata. */
  meta?: string;
  /** More containers; of the sidecar by default. */
  containers?: string;
  /** More of its spec. */
  spec?: string;
  status?: string;
}

/** A pod that answers at 8080, with a sidecar. */
export function pod(name: string, { labels = '{app: cart, version: v1}', meta = '', containers = sidecar, spec = '', status = '' }: TestPod = {}): string {
  const [namespace = '', own = ''] = name.split('/');
  const app = '{name: app, image: app, ports: [{name: http, containerPort: 8080}]}';
  return `apiVersion: v1
kind: Pod
metadata: {name: ${own}, namespace: ${namespace}, labels: ${labels}${meta === '' ? '' : `, ${meta}`}}
spec: {containers: [${[app, containers].filter(Boolean).join(', ')}]${spec === '' ? '' : `, ${spec}`}}
status: {phase: Running, podIP: 10.1.0.1${status === '' ? '' : `, ${status}`}}
`;
}

/** A Service that selects `app: NAME`. */
export function service(name: string, ports = '{name: http, port: 80, targetPort: 8080}', more = 'clusterIP: 10.0.0.1'): string {
  const [namespace = '', own = ''] = name.split('/');
  return `apiVersion: v1
kind: Service
metadata: {name: ${own}, namespace: ${namespace}}
spec: {selector: {app: ${own}}, ports: [${ports}]${more === '' ? '' : `, ${more}`}}
`;
}

export function describedPod(documents: readonly string[], name = 'shop/cart-1', options: TestOptions = {}): PodDescription {
  const [namespace = '', own = ''] = name.split('/');
  const mesh = meshOf(documents.join('---\n'), { preset: 'recommended', ...options });
  const found = findWorkload(mesh, namespace, own);
  if (!found) throw new Error(`no workload ${name}`);
  return describePod(mesh, found);
}

export function describedService(documents: readonly string[], name = 'shop/cart', options: TestOptions = {}): ServiceDescription {
  const [namespace = '', own = ''] = name.split('/');
  const mesh = meshOf(documents.join('---\n'), { preset: 'recommended', ...options });
  const found = findService(mesh, namespace, own);
  if (!found) throw new Error(`no service ${name}`);
  return describeService(mesh, found);
}

/** `code: text` of each problem. */
export function saidOf({ problems }: Pick<PodDescription, 'problems'>): string[] {
  return problems.map(({ code, text }) => `${code}: ${text}`);
}

export function codesOf({ problems }: Pick<PodDescription, 'problems'>): string[] {
  return problems.map(({ code }) => code).sort();
}
