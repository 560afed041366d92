// Meshes of what matters and of what lies beside it, for the tests of this room.
import type { TestObject } from '../../translate/incremental/random/testing.ts';

const others = { a: 'anna', b: 'berta', c: 'clara', shop: 'far', pay: 'away' } as const;

/** The same objects under other names, which have nothing to do with the first ones but ports, gateways and namespaces now and then. */
export function elsewhere(objects: readonly TestObject[], keepNamespaces: boolean): TestObject[] {
  const text = JSON.stringify(objects).replace(/(?<![\w-])(a|b|c|shop|pay)(?![\w-])/g, (name) =>
    keepNamespaces && (name === 'shop' || name === 'pay') ? name : others[name as keyof typeof others],
  );
  return JSON.parse(text) as TestObject[];
}

/** Where two values differ first. */
export function difference(a: unknown, b: unknown, path = ''): string | undefined {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return Object.is(a, b) ? undefined : `${path}: ${JSON.stringify(a)?.slice(0, 300)} and ${JSON.stringify(b)?.slice(0, 300)}`;
  }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = difference((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}
