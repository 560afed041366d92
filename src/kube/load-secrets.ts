import type { KubeClient, KubeResource } from './client.ts';
import { KubeError } from './error.ts';
import { inParallel } from './in-parallel.ts';
import { type Gap, type LoadOptions, loadKind } from './load.ts';
import type { KubeObject } from './object.ts';

/** Of which Secrets it matters what is in them. */
export interface WantedSecrets {
  /** Those of these names, in whatever namespace. */
  names: ReadonlySet<string>;
  /** Those by which a control plane reads other clusters. */
  remoteClusters: boolean;
}

/** These are many, and nothing in a mesh refers to one. */
const ofNoInterest = ['kubernetes.io/service-account-token', 'helm.sh/release.v1', 'bootstrap.kubernetes.io/token'];

/** Of all other keys it matters only that they are there. */
const certificateKeys: ReadonlySet<string> = new Set(['cert', 'tls.crt']);
/** Base64, as all data of a Secret. */
const something = 'Kg==';

/**
 * Names and labels of all Secrets, and of the wanted ones the certificates and the names of the other keys: private keys are dropped
 * as soon as they arrive.
 *
 * @throws KubeError where the server does not answer
 */
export async function loadSecrets(
  client: Pick<KubeClient, 'list' | 'get'>,
  served: readonly KubeResource[],
  { names, remoteClusters }: WantedSecrets,
  options: LoadOptions,
): Promise<{ objects: readonly KubeObject[]; gap?: Gap }> {
  const fieldSelector = ofNoInterest.map((type) => `type!=${type}`).join(',');
  const { objects, gap } = await loadKind(client, served, { kind: 'Secret', metadataOnly: true, fieldSelector }, options);
  const gaps: Gap[] = gap ? [gap] : [];
  const found = await inParallel(
    objects,
    async ({ metadata }): Promise<KubeObject[]> => {
      const name = metadata.name ?? '';
      const outline: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata };
      if (!names.has(name) && !(remoteClusters && metadata.labels?.['istio/multiCluster'] === 'true')) return [outline];
      try {
        const secret = await client.get({ apiVersion: 'v1', kind: 'Secret', namespace: metadata.namespace, name });
        return secret ? [{ ...outline, data: withoutKeys(secret.data) }] : [];
      } catch (error) {
        if (!(error instanceof KubeError) || error.status === 0) throw error;
        // Without what is in it, it would look like an empty one.
        gaps.push({ kind: 'Secret', reason: error.message, forbidden: error.reason === 'Forbidden', readIn: [] });
        return [];
      }
    },
    options.concurrency ?? 8,
  );
  return { objects: found.flat(), ...(gaps[0] ? { gap: gaps[0] } : {}) };
}

/** The data of a Secret with its certificates; of all other values only that they are there. */
export function withoutKeys(data: unknown): Record<string, string> {
  const entries = Object.entries((data ?? {}) as Record<string, string>);
  return Object.fromEntries(entries.map(([key, value]) => [key, certificateKeys.has(key) || value === '' ? value : something]));
}
