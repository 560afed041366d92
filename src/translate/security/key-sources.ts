import type { KeySource } from '../../ir/authentication.ts';
import type { RequestAuthentication } from '../../manifest/istio/security.gen.ts';
import type { Mesh } from '../../model/mesh.ts';
import { items } from '../../model/untyped.ts';
import { keysOf } from './request-authentication.ts';

/** Where the keys of all rules of a mesh are, for whoever fetches them for its proxies. */
export function keySources(mesh: Mesh): KeySource[] {
  return mesh.list('RequestAuthentication').flatMap(({ spec }) => items((spec as RequestAuthentication).jwtRules).map(keysOf));
}
