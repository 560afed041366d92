import { specMessage } from '../../schema/messages.ts';
import { tableReads } from '../../translate/table.ts';

/** Kinds of Istio's API, but for the mesh configuration, which is in a ConfigMap. */
export const istioKinds: readonly string[] = Object.keys(specMessage).filter((kind) => kind !== 'MeshConfig' && kind !== 'MeshNetworks');

const notWatched: ReadonlySet<string> = new Set([
  'MeshConfig',
  // The cluster makes EndpointSlices of them.
  'Endpoints',
]);

/**
 * Kinds that the mesh of a cluster is made of, by their names in src/manifest/kinds.ts: what tables read, and all kinds of Istio,
 * whose objects are checked and have conditions in their status. Secrets are none of them.
 */
export const meshKinds: readonly string[] = [...new Set([...tableReads, ...istioKinds])].filter((kind) => !notWatched.has(kind));

/** Where the API server finds webhooks. */
export const webhookKinds: readonly string[] = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

const revisioned: ReadonlySet<string> = new Set(meshKinds.filter((kind) => istioKinds.includes(kind) || kind.startsWith('gateway-api/')));

/** Whether objects of a kind can name a revision: those that users write for the mesh. */
export function hasRevisions(kind: string): boolean {
  return revisioned.has(kind);
}

/**
 * Whether the control plane of a revision sees an object. As with the reference, what a user wrote for the mesh can name one revision
 * with the label `istio.io/rev`; without it, it is for all of them.
 */
export function isOfRevision(kind: string, labels: Readonly<Record<string, string>> | undefined, revision: string): boolean {
  const wanted = revisioned.has(kind) ? labels?.['istio.io/rev'] : undefined;
  return wanted === undefined || wanted === '' || wanted === (revision || 'default');
}
