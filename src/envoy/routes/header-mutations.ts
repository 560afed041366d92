import type { HeaderOps, HeaderPolicy } from '../../ir/route.ts';
import { isMutable } from '../../proxy/core/header-ops.ts';
import type { JsonObject } from '../json.ts';

/** Framing and hop-by-hop headers belong to the codecs: a value of a user would break the message. */
const framing: ReadonlySet<string> = new Set(['connection', 'content-length', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

/**
 * The header fields of a route or of one of its clusters (MAP-R36). Levels stand behind one another: Envoy removes, then sets, then
 * adds (RT-R30, RT-R32).
 */
export function headerMutations(...levels: readonly (HeaderPolicy | undefined)[]): JsonObject {
  return {
    ...fieldsOf(
      'request',
      levels.map((level) => level?.request),
    ),
    ...fieldsOf(
      'response',
      levels.map((level) => level?.response),
    ),
  };
}

function fieldsOf(message: 'request' | 'response', levels: readonly (HeaderOps | undefined)[]): JsonObject {
  const remove = [...new Set(levels.flatMap((ops) => ops?.remove ?? []))].filter(isMutable);
  const add = levels.flatMap((ops) => ops?.add ?? []).filter(({ name }) => isMutable(name) && !framing.has(name));
  return {
    ...(add.length > 0 ? { [`${message}_headers_to_add`]: add.map(headerToAdd) } : {}),
    ...(remove.length > 0 ? { [`${message}_headers_to_remove`]: remove } : {}),
  };
}

function headerToAdd({ name, value, set }: HeaderOps['add'][number]): JsonObject {
  return { header: { key: name, value }, ...(set ? { append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } : {}) };
}
