import { type Json, message, text } from './json.ts';

/** Kinds by the folder of their path, where the column's title does not tell the kind already. */
const kinds: Readonly<Record<string, string>> = { 'http-route': 'HTTPRoute', 'grpc-route': 'GRPCRoute' };

/**
 * The object of the user that a resource comes from, as control planes write it into its metadata
 * (`/apis/GROUP/VERSION/namespaces/NAMESPACE/KIND/NAME`): `cart.shop`, or `HTTPRoute cart.shop`; empty where it says none.
 */
export function provenance(resource: Json): string {
  const path = text(message(resource, 'metadata', 'filter_metadata', 'istio'), 'config');
  if (path === '') return '';
  const [, apis, , , namespaces, namespace, kind = '', name, more] = path.split('/');
  if (apis !== 'apis' || namespaces !== 'namespaces' || !namespace || !name || more !== undefined) return path;
  const shown = kinds[kind];
  return `${shown === undefined ? '' : `${shown} `}${name}.${namespace}`;
}
