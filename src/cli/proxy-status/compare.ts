import { typeUrls } from '../../envoy/type-urls.ts';
import { controllerPorts } from '../../install/values.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type ComparedPart, type Contents, comparePart, contentsOf, type PartComparison, servedRoutes, versionsInDump } from '../../proxy-config/comparison.ts';
import { isJson, messages } from '../../proxy-config/json.ts';
import { CliError } from '../exit.ts';
import { proxyAdminPort } from '../pods/ports.ts';
import { adminOfPod, ask } from '../proxy-config/admin.ts';
import type { ServedProxy } from './ask.ts';

const parts: readonly ComparedPart[] = ['clusters', 'listeners', 'routes'];

const typeUrlOf = { clusters: typeUrls.cluster, listeners: typeUrls.listener, routes: typeUrls.routes } as const;

/**
 * Compares what the controller has for a proxy with what that says that it has: resources of an Envoy by their versions, the routing table of
 * an embedded sidecar by its content.
 *
 * @throws CliError where one of them cannot be asked
 */
export async function compareProxy(client: KubeClient, proxy: ServedProxy): Promise<PartComparison[]> {
  const { name, namespace, id, types, replica } = proxy;
  if (!replica.pod) throw new CliError('only controllers in a cluster say what they have for a proxy');
  const isEmbedded = types.some(({ typeUrl }) => typeUrl === typeUrls.tablePart);
  const gateway = id.startsWith('router~') ? 'gateway' : 'proxy';
  const page = isEmbedded ? `/debug/table?${gateway}=${encodeURIComponent(`${namespace}/${name}`)}` : `/debug/versions?node=${encodeURIComponent(id)}`;
  const [served, had] = await Promise.all([
    pageOf(client, replica.pod, controllerPorts.monitoring, page),
    pageOf(client, { namespace, name }, proxyAdminPort, '/config_dump'),
  ]);
  return parts.map((part) => {
    if (isEmbedded) return comparePart(part, contentsOf(isJson(served) ? served[part] : undefined), contentsOf(listIn(had, part)));
    const inProxy = versionsInDump(had, part) ?? new Map();
    const versions = versionsOf(served, typeUrlOf[part]);
    if (part !== 'routes') return comparePart(part, versions, inProxy);
    // They are asked for by name, when a listener has them.
    return comparePart(part, servedRoutes(versions, [...versionsOf(served, typeUrls.virtualHost).keys()], inProxy), inProxy, true);
  });
}

async function pageOf(client: KubeClient, pod: { namespace: string; name: string }, port: number, path: string): Promise<unknown> {
  const admin = await adminOfPod(client, pod, port);
  const text = await ask(admin, () => admin.client.page(path), '');
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError(`what ${admin.name} answers to GET ${path.split('?', 1)[0]} is no JSON`);
  }
}

function listIn(dump: unknown, part: ComparedPart): unknown {
  const sections = isJson(dump) ? messages(dump, 'configs') : [];
  return sections.find((section) => Array.isArray(section[part]))?.[part];
}

function versionsOf(versions: unknown, typeUrl: string): Contents {
  const ofType = isJson(versions) ? versions[typeUrl] : undefined;
  return new Map(isJson(ofType) ? Object.entries(ofType).map(([name, version]) => [name, String(version)]) : []);
}
