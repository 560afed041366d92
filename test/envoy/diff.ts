// Prints how the generated configuration differs from the recorded one, what is listed left out.
//
//   node test/envoy/diff.ts [--kind listeners|routes|clusters|endpoints] [--only REGEX] [--all] [--summary]
import { parseArgs } from 'node:util';
import { differencesOf, dumps, type Kind, listedDifferences } from './dumps.ts';

const { values } = parseArgs({
  options: { kind: { type: 'string' }, only: { type: 'string', default: '' }, all: { type: 'boolean' }, summary: { type: 'boolean' } },
});
const kinds = values.kind === undefined ? (['listeners', 'routes', 'clusters', 'endpoints'] as const) : [values.kind as Kind];
const counts = new Map<string, number>();
for (const id of dumps.filter((name) => new RegExp(values.only).test(name))) {
  for (const kind of kinds) {
    const listed = values.all ? [] : listedDifferences(kind);
    for (const { path, expected, actual } of differencesOf(id, kind)) {
      if (listed.some((entry) => entry.listed.test(path))) continue;
      const short = path.replaceAll(/\[[^\]]*\]/g, '[]');
      counts.set(short, (counts.get(short) ?? 0) + 1);
      if (!values.summary) console.log(`${id} ${path}\n  expected ${JSON.stringify(expected)}\n  actual   ${JSON.stringify(actual)}`);
    }
  }
}
for (const [path, count] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(6)} ${path}`);
