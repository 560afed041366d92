import type { HashPolicy } from '../../ir/route.ts';
import { duration, type JsonObject } from '../json.ts';

/** MAP-R39 */
export function hashPolicy(policy: HashPolicy): JsonObject {
  switch (policy.kind) {
    case 'header':
      return { header: { header_name: policy.name } };
    case 'source-ip':
      return { connection_properties: { source_ip: true } };
    case 'query':
      return { query_parameter: { name: policy.name } };
    case 'cookie':
      return { cookie: cookie(policy) };
  }
}

function cookie({ name, path, ttlMs, attributes = [] }: HashPolicy & { kind: 'cookie' }): JsonObject {
  return {
    name,
    ...(path === '' ? {} : { path }),
    // Without one no cookie is made (DR-R32).
    ...(ttlMs === undefined ? {} : { ttl: duration(ttlMs) }),
    ...(attributes.length > 0 ? { attributes: attributes.map((attribute) => ({ name: attribute.name, value: attribute.value })) } : {}),
  };
}
