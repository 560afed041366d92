import { describe, expect, it } from 'vitest';
import { differencesOf, dumps, listedDifferences } from './dumps.ts';

if (dumps.length === 0) console.warn('SKIPPED: no recorded configurations of Envoy beside the checkout');

const kinds = ['listeners', 'routes', 'clusters', 'endpoints'] as const;

describe.skipIf(dumps.length === 0)('the configuration of Envoy that Istio 1.28.1 made', () => {
  describe.each(kinds)('%s', (kind) => {
    const listed = listedDifferences(kind);
    const used = new Set<number>();

    it.each(dumps)('%s', (id) => {
      const found = differencesOf(id, kind).filter(({ path }) => {
        const at = listed.findIndex((entry) => entry.listed.test(path));
        if (at >= 0) used.add(at);
        return at < 0;
      });
      expect(found).toEqual([]);
    });

    it('lists no difference that there is not', () => {
      expect(listed.filter((_, i) => !used.has(i)).map(({ listed: { source } }) => source)).toEqual([]);
    });
  });
});
