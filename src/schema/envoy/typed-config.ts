import type { Path } from '../../manifest/problem.ts';
import { envoyFields, pickField } from './messages.ts';

/** An extension that is named and has no configuration. */
export interface Untyped {
  path: Path;
  name: string;
}

/**
 * Extensions without `typed_config` (or `config_discovery`, which fetches it), innermost first: Envoy no longer finds an extension
 * by its name alone. Lists and maps are not looked into, as the reference does not.
 *
 * @param value decodes as the message without an error
 */
export function untypedExtensions(message: string, value: Readonly<Record<string, unknown>>, path: Path = []): Untyped[] {
  const found: Untyped[] = [];
  let needed = false;
  let typed = false;
  let name = '';
  for (const field of envoyFields(message) ?? []) {
    const { key = field.name, value: item } = pickField(value, field) ?? {};
    const set = item !== undefined && item !== null && !(Array.isArray(item) && item.length === 0);
    if (field.json === 'name' && typeof item === 'string') name = item;
    if (field.json === 'typedConfig') needed = true;
    if (set && (field.json === 'typedConfig' || field.json === 'configDiscovery')) typed = true;
    const nested = !field.list && field.mapKey === undefined && !field.type.startsWith('google.');
    if (set && nested && typeof item === 'object') found.push(...untypedExtensions(field.type, item as Record<string, unknown>, [...path, key]));
  }
  if (needed && !typed) found.push({ path, name });
  return found;
}
