// Whether a workload is part of the mesh, and what runs beside it.
import { containersOf, inMesh, isAmbient, proxyContainer, proxyImageOf, revisionLabel } from '../model/injection.ts';
import type { Container, Namespace, PodSpec } from '../model/kubernetes.ts';
import type { Mesh } from '../model/mesh.ts';
import { isMap, items, text } from '../model/untyped.ts';
import type { Workload } from '../model/workloads.ts';
import type { Membership } from './description.ts';

const statusAnnotation = 'sidecar.istio.io/status';
/** What an injector of weft, or of Istio, takes for a template of its own: a gateway, which has no application. */
const templatesAnnotation = 'inject.istio.io/templates';

export function membershipOf(mesh: Mesh, workload: Workload): Membership {
  const { spec, annotations, labels } = workload;
  const namespace = mesh.find('Namespace', '', workload.namespace);
  const own = containersOf(spec).find(isProxy);
  const native = own ? undefined : nativeSidecars(spec).find(isProxy);
  const proxy = own ?? native;
  const found = { revision: revisionOf(workload, namespace), ...(proxy ? runningIn(proxy) : {}) };
  if (proxy && proxyImageOf([proxy]) !== '') {
    const alone = containersOf(spec).every(isProxy) || annotations[templatesAnnotation] === 'gateway';
    return { kind: alone && own ? 'gateway' : native ? 'native-sidecar' : 'sidecar', ...found };
  }
  if (isAmbient(workload, namespace)) return { kind: 'ambient', ...found };
  const expected = !workload.isPod && (inMesh(workload, namespace) || isOfRevision(labels, namespace));
  return { kind: expected ? 'expected' : 'none', ...found };
}

function isProxy({ name }: Container): boolean {
  return name === proxyContainer;
}

/** Init containers that go on beside the others. */
export function nativeSidecars(spec: PodSpec): Container[] {
  return items(spec.initContainers).filter((container) => (container as { restartPolicy?: unknown }).restartPolicy === 'Always');
}

/** As the injector wrote it; of what is not injected yet, the one that will. */
function revisionOf({ annotations, labels, isPod }: Workload, namespace: Namespace | undefined): string {
  const written = annotations[revisionLabel] ?? revisionInStatus(annotations[statusAnnotation]);
  if (written !== undefined || isPod) return written ?? '';
  return labels[revisionLabel] ?? namespace?.labels[revisionLabel] ?? '';
}

function revisionInStatus(status: string | undefined): string | undefined {
  try {
    const value: unknown = status === undefined ? undefined : JSON.parse(status);
    return isMap(value) && typeof value.revision === 'string' ? value.revision : undefined;
  } catch {
    return undefined;
  }
}

function isOfRevision(labels: Readonly<Record<string, string>>, namespace: Namespace | undefined): boolean {
  return (labels[revisionLabel] ?? namespace?.labels[revisionLabel] ?? '') !== '' && labels['sidecar.istio.io/inject'] !== 'false';
}

function runningIn(proxy: Container): Pick<Membership, 'engine' | 'version' | 'image'> {
  const image = text(proxy.image);
  const written = (proxy as { args?: unknown }).args;
  const args = Array.isArray(written) ? written.filter((arg) => typeof arg === 'string') : [];
  const named = args.indexOf('--engine');
  const engine = named >= 0 ? args[named + 1] : args[0] === 'proxy' && (args[1] === 'sidecar' || args[1] === 'router') ? 'envoy' : undefined;
  const version = versionIn(image);
  return {
    ...(engine === 'embedded' || engine === 'envoy' ? { engine } : {}),
    ...(version === undefined ? {} : { version }),
    ...(image === '' ? {} : { image }),
  };
}

/** `registry:5000/istio/proxyv2:1.28.1-distroless@sha256:…` is 1.28.1-distroless. */
function versionIn(image: string): string | undefined {
  const match = /:([\w][\w.-]*)(?:@|$)/.exec(image.slice(image.lastIndexOf('/') + 1));
  return match?.[1];
}
