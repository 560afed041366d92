import { InjectionError } from '../../inject/error.ts';
import { parseMeshSettings } from '../../inject/mesh-settings.ts';
import { parseInjectionConfig } from '../../inject/read-config.ts';
import type { MeshSettings } from '../../inject/settings.ts';
import { tagLabel } from '../../install/render/revision-tag.ts';
import { installedNames } from '../../install/values.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeError } from '../../kube/error.ts';
import { mutatingWebhooks } from '../../kube/list-all.ts';
import type { KubeObject } from '../../kube/object.ts';
import { revisionLabel } from '../../model/injection.ts';
import { isMap, text } from '../../model/untyped.ts';
import { connectWith, isKubeError, toCliError } from '../cluster.ts';
import { CliError } from '../exit.ts';
import { write } from '../terminal.ts';
import type { InjectorSettings } from './config-sources.ts';
import type { KubeInjectFlags } from './flags.ts';

const withoutCluster = 'Without a cluster, name a file with --injectConfigFile: the ConfigMap istio-sidecar-injector as weft manifest generate prints it.';

/**
 * What the injector of a revision injects, as its ConfigMaps say.
 *
 * @param mesh instead of that of the cluster
 * @throws CliError where the cluster cannot be asked, or has no such injector
 */
export async function settingsOfCluster(flags: KubeInjectFlags, mesh: MeshSettings | undefined): Promise<InjectorSettings> {
  let client: KubeClient | undefined;
  try {
    client = await connectWith(flags);
    return await read(client, flags, mesh);
  } catch (error) {
    const told = toCliError(error);
    if (told instanceof CliError && (client === undefined || isUnreachable(error)))
      throw new CliError(told.message, told.exit, [told.help, withoutCluster].filter((line) => line !== undefined).join('\n'));
    throw told;
  } finally {
    client?.close();
  }
}

function isUnreachable(error: unknown): boolean {
  return isKubeError(error) && error.status === 0;
}

async function read(client: KubeClient, flags: KubeInjectFlags, given: MeshSettings | undefined): Promise<InjectorSettings> {
  const { istioNamespace: namespace } = flags;
  const revision = await revisionOf(client, flags);
  const names = installedNames(revision);
  const injector = flags.injectConfigMapName ?? names.injector;
  const data = await dataOf(client, namespace, injector);
  if (data?.config === undefined) {
    const what = data === undefined ? `there is no ConfigMap ${namespace}/${injector}` : `the ConfigMap ${namespace}/${injector} has no key config`;
    throw new CliError(
      `${what}, which says what revision ${revision} injects`,
      undefined,
      `weft install makes it; --revision, -i NAMESPACE and --injectConfigMapName name another. ${withoutCluster}`,
    );
  }
  const { config: written, values } = data;
  const config = parsed(`ConfigMap ${namespace}/${injector}`, () => parseInjectionConfig(written, values));
  const meshMap = flags.meshConfigMapName ?? names.meshConfig;
  const meshText = given ? undefined : (await dataOf(client, namespace, meshMap))?.mesh;
  const mesh = given ?? (meshText === undefined ? {} : parsed(`ConfigMap ${namespace}/${meshMap}`, () => parseMeshSettings(meshText)));
  const nodeVersions = config.nativeSidecar === 'auto' ? await kubeletVersions(client) : [];
  return { config, mesh, nodeVersions };
}

function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof InjectionError ? new CliError(`${what}: ${error.message}`, undefined, error.help) : error;
  }
}

async function dataOf(client: KubeClient, namespace: string, name: string): Promise<Record<string, string> | undefined> {
  const map = await client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });
  return map && ((isMap(map.data) ? map.data : {}) as Record<string, string>);
}

/** The revision that is named, by itself or by a tag; else the one of the webhook that is named; else that of the tag `default`. */
async function revisionOf(client: KubeClient, { revision, webhookConfig }: KubeInjectFlags): Promise<string> {
  const webhooks = await mutatingWebhooks(client);
  if (revision) return byTag(webhooks, revision) ?? revision;
  if (webhookConfig === undefined) return byTag(webhooks, 'default') ?? 'default';
  const found = webhooks.find(({ metadata }) => metadata.name === webhookConfig);
  const label = found?.metadata.labels?.[revisionLabel];
  if (label) return label;
  const what = found
    ? `the MutatingWebhookConfiguration ${webhookConfig} has no label ${revisionLabel}`
    : `there is no MutatingWebhookConfiguration ${webhookConfig}`;
  throw new CliError(`--webhookConfig: ${what}`, undefined, 'Name the revision with --revision.');
}

function byTag(webhooks: readonly KubeObject[], tag: string): string | undefined {
  return webhooks.find(({ metadata }) => metadata.labels?.[tagLabel] === tag)?.metadata.labels?.[revisionLabel];
}

/** None where nodes may not be listed. */
async function kubeletVersions(client: KubeClient): Promise<string[]> {
  const resource = await client.resource('v1', 'Node');
  if (!resource) return [];
  try {
    return (await client.list(resource)).items.map(({ status }) => text(isMap(status) && isMap(status.nodeInfo) ? status.nodeInfo.kubeletVersion : undefined));
  } catch (error) {
    if (!isKubeError(error) || error.status !== 403) throw error;
    write('stderr', `Warning: sidecars are not native, since the versions of nodes are not known: ${(error as KubeError).message}\n`);
    return [];
  }
}
