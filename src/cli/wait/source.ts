import type { Awaited, ProxyProgress } from '../../envoy/xds/control-plane-api.ts';
import type { KubeClient } from '../../kube/client.ts';
import { KubeError } from '../../kube/error.ts';
import { servedAs } from '../../kube/load.ts';
import type { KubeObject } from '../../kube/object.ts';
import { CliError } from '../exit.ts';
import { resourceText, type WaitedResource } from './resource.ts';

/** Which version proxies are to have, by what the cluster says. */
export class ClusterSource {
  private readonly client: KubeClient;
  private readonly resource: WaitedResource;
  private readonly awaited: Awaited;
  /** As the user gave it. */
  private readonly wanted: string | undefined;
  /** Of the object as it was seen last. */
  private seen: string | undefined;

  constructor(client: KubeClient, resource: WaitedResource, awaited: Awaited, wanted: string | undefined) {
    this.client = client;
    this.resource = resource;
    this.awaited = awaited;
    this.wanted = wanted;
  }

  /**
   * The resource version that replicas are asked for; undefined where there is none that they could have to hear of.
   *
   * @returns `isThere`: for a removal, it has yet to be removed
   * @throws CliError for a resource that is not there, KubeError where the cluster does not answer
   */
  async version(): Promise<{ resourceVersion: string | undefined; isThere: boolean }> {
    if (this.awaited === 'distribution' && this.seen !== undefined) return { resourceVersion: this.seen, isThere: true };
    const object = await this.fetch();
    if (object) this.seen = this.wanted ?? object.metadata.resourceVersion;
    else if (this.awaited === 'distribution') throw this.missing();
    return { resourceVersion: this.seen ?? this.wanted, isThere: object !== undefined };
  }

  /** Replicas do not know it any more. @throws CliError where the cluster does not, either */
  async check(): Promise<void> {
    if (this.awaited === 'distribution' && !(await this.fetch())) throw new CliError(`${resourceText(this.resource)} was deleted`);
  }

  private async fetch(): Promise<KubeObject | undefined> {
    const { kind, name, namespace } = this.resource;
    const found = servedAs(await this.client.resources(), kind);
    if (found instanceof KubeError) throw found;
    if (!found) {
      if (this.awaited === 'delete') return undefined;
      throw new CliError(`the cluster has no kind ${this.resource.kindText}`, undefined, 'weft install brings the definitions of the kinds of Istio.');
    }
    return this.client.get({ apiVersion: found.apiVersion, kind: found.kind, name, ...(namespace === '' ? {} : { namespace }) });
  }

  private missing(): CliError {
    const { name, namespace, kindText } = this.resource;
    return new CliError(
      `there is no ${resourceText(this.resource)}`,
      undefined,
      `kubectl get ${kindText.toLowerCase()} ${namespace === '' ? '' : `-n ${namespace} `}lists what there is${name.includes('.') ? '' : '; NAME.NAMESPACE or -n names another namespace'}.`,
    );
  }
}

/** Of proxies those whose pod, or whose entry of a machine, is still in the cluster; also those of which that cannot be found out. */
export async function thoseThere(client: Pick<KubeClient, 'get'>, proxies: readonly ProxyProgress[]): Promise<ProxyProgress[]> {
  const isThere = async ({ namespace, name }: ProxyProgress): Promise<boolean> => {
    try {
      const pod = await client.get({ apiVersion: 'v1', kind: 'Pod', namespace, name });
      const phase = (pod?.status as { phase?: string } | undefined)?.phase;
      if (pod) return phase !== 'Succeeded' && phase !== 'Failed';
      return (await client.get({ apiVersion: 'networking.istio.io/v1', kind: 'WorkloadEntry', namespace, name })) !== undefined;
    } catch (error) {
      if (error instanceof KubeError) return true;
      throw error;
    }
  };
  const there = await Promise.all(proxies.map(isThere));
  return proxies.filter((_, i) => there[i]);
}
