import type { KubeClient, KubeResource } from '../../kube/client.ts';
import type { KubeError } from '../../kube/error.ts';
import { Informer } from '../../kube/informer.ts';
import type { KubeObject } from '../../kube/object.ts';
import { decodedData } from '../../kube/secret-data.ts';
import { isMap } from '../../model/untyped.ts';
import type { NamedCredentials } from '../../proxy/tls/credentials.ts';
import { secretCredentials, secretEntries } from '../../proxy/tls/secrets.ts';

/** What is never a certificate for a gateway, and may be large. */
const otherTypes = ['helm.sh/release.v1', 'kubernetes.io/service-account-token', 'kubernetes.io/dockercfg', 'kubernetes.io/dockerconfigjson'];
const fieldSelector = otherTypes.map((type) => `type!=${type}`).join(',');

export interface NamespaceSecretsEvents {
  /** There is something else for a name, or it is known for the first time what there is. */
  changed(): void;
  /** What is wrong with a Secret, with nothing of what is in it. */
  tell(problem: string): void;
  /** The Secrets cannot be read: `error` says why; undefined: they can again. */
  readable(error: KubeError | undefined): void;
}

/** Certificates and keys of the Secrets of one namespace, kept as they are in the cluster. */
export class NamespaceSecrets {
  private readonly informer: Informer;
  private readonly events: NamespaceSecretsEvents;
  private readonly credentials = new Map<string, NamedCredentials>();
  /** Why they cannot be read; undefined: they can, or it is not known yet. */
  problem: string | undefined;
  /** They were read, or it is known that they cannot be. */
  isKnown = false;

  constructor(
    client: Pick<KubeClient, 'list' | 'watch'>,
    resource: () => Promise<KubeResource | undefined>,
    namespace: string,
    events: NamespaceSecretsEvents,
  ) {
    this.events = events;
    this.informer = new Informer(
      client,
      resource,
      { namespace, fieldSelector, strip: stripSecret },
      {
        changed: ({ before, after }) => {
          this.recovered();
          this.take(((after ?? before) as KubeObject).metadata.name ?? '', after);
        },
        synced: () => {
          this.recovered();
          this.isKnown = true;
          events.changed();
        },
        problem: (error) => {
          const isNew = !this.isKnown;
          this.isKnown = true;
          this.problem = error.message;
          events.readable(error);
          if (isNew) events.changed();
        },
      },
    );
    this.informer.start();
  }

  /** The same object for as long as it does not change. */
  find(name: string): NamedCredentials | undefined {
    return this.credentials.get(name);
  }

  get size(): number {
    return this.credentials.size;
  }

  stop(): void {
    this.informer.stop();
  }

  private recovered(): void {
    if (this.problem === undefined) return;
    this.problem = undefined;
    this.events.readable(undefined);
  }

  private take(name: string, object: KubeObject | undefined): void {
    const before = this.credentials.get(name);
    const found = object && secretCredentials(decodedData(object.data));
    const { metadata } = object ?? {};
    for (const problem of found?.problems ?? []) {
      this.events.tell(`Secret ${metadata?.namespace}/${name}: ${problem}${before ? ', and what it had before goes on' : ''}`);
    }
    // Half of a change, as of two files that are replaced one after the other: nobody is better off without a certificate.
    if (found && found.problems.length > 0 && before) return;
    if (found && JSON.stringify(before) === JSON.stringify(found.credentials)) return;
    if (!found && !before) return;
    if (found) this.credentials.set(name, found.credentials);
    else this.credentials.delete(name);
    if (this.isKnown) this.events.changed();
  }
}

/** A Secret without what is not for TLS. */
function stripSecret({ apiVersion, kind, metadata, data }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion } = metadata;
  const kept = Object.entries(isMap(data) ? data : {}).filter(([key]) => secretEntries.has(key));
  return { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } as KubeObject['metadata'], data: Object.fromEntries(kept) };
}
