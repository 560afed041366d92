// Who sends the requests of a test.
import type { ProxyIdentity } from '../ir/table.ts';
import { knownNames } from '../manifest/known-names.ts';
import type { Mesh } from '../model/mesh.ts';
import { gatewayNames, gatewayOfResource, gatewayWorkload, namedProxy, parseLocality } from '../translate/workload-identity.ts';
import { parseWorkloadName, sidecarNamed } from '../translate/workload-names.ts';
import type { WrittenClient } from './format/test-format.ts';
import type { TestClient } from './result.ts';

/** A client that the mesh does not have; the message is a sentence for the user. */
export class ClientError extends Error {}

/**
 * The proxy beside a client: `deploy/cart.shop`, `pod/cart-1.shop`, `cart.shop` for any workload of the name, `gateway/edge.shop` for what runs a
 * Gateway, `namespace/shop` for a workload of which nothing but the namespace counts.
 *
 * @param own namespace of names without one
 * @throws ClientError
 */
export function clientOf(mesh: Mesh, written: WrittenClient, own: string): TestClient {
  if (typeof written !== 'string') return described(written);
  const [, word = '', rest = ''] = /^(gateway|gw|namespace|ns)\/(.+)$/i.exec(written) ?? [];
  switch (word.toLowerCase()) {
    case 'namespace':
    case 'ns':
      return { flags: ['-n', rest], text: written, identity: namedProxy('sidecar', rest, '') };
    case 'gateway':
    case 'gw':
      return gateway(mesh, written, rest, own);
  }
  const name = parseWorkloadName(written);
  if (!name) throw new ClientError(`"${written}" names no client: write deploy/NAME.NAMESPACE, pod/NAME.NAMESPACE, gateway/NAME.NAMESPACE or namespace/NAME`);
  const found = sidecarNamed(mesh, name, own);
  if ('role' in found) return { flags: ['--from', written], text: written, identity: found };
  throw new ClientError(
    found.known === undefined ? `${found.text}, and no other. namespace/NAME is a client that needs no manifest.` : `${found.text}. ${found.known}`,
  );
}

/**
 * The proxy of the workload that requests come to as they are.
 *
 * @param own namespace of names without one
 * @throws ClientError
 */
export function targetOf(mesh: Mesh, written: string, own: string): ProxyIdentity {
  const name = parseWorkloadName(written);
  if (!name) throw new ClientError(`"${written}" names no workload: write deploy/NAME.NAMESPACE or pod/NAME.NAMESPACE`);
  const found = sidecarNamed(mesh, name, own);
  if ('role' in found) return found;
  throw new ClientError(found.known === undefined ? `${found.text}, and no other` : `${found.text}. ${found.known}`);
}

function described({ namespace, labels = [], serviceAccount, locality }: Exclude<WrittenClient, string>): TestClient {
  return {
    flags: undefined,
    text: `${labels.map(([name, value]) => `${name}=${value}`).join(',') || 'a workload'} in ${namespace}`,
    identity: {
      ...namedProxy('sidecar', namespace, ''),
      labels: Object.fromEntries(labels),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
      ...(locality === undefined ? {} : { locality: parseLocality(locality) }),
    },
  };
}

function gateway(mesh: Mesh, text: string, rest: string, own: string): TestClient {
  const dot = rest.lastIndexOf('.');
  const [name, namespace] = dot > 0 ? [rest.slice(0, dot), rest.slice(dot + 1)] : [rest, own];
  const found = gatewayOfResource(mesh, namespace, name) ?? gatewayWorkload(mesh, namespace, name);
  if (found) return { flags: ['--gateway', `${namespace}/${name}`], text, identity: found };
  const known = gatewayNames(mesh).map((full) => full.split('/').reverse().join('.'));
  throw new ClientError(`there is no gateway ${name}.${namespace}${known.length > 0 ? `. ${knownNames(`${name}.${namespace}`, known)}` : ', and no other.'}`);
}
