// Damages HTTP/1.1 messages until the codec and llhttp differ in a way that docs/http1-strictness.md does not explain.
//
//   node test/fuzz/http1.ts [SECONDS] [SEED]      an hour if not told
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { damagedRequests, damagedResponses, explainedIn, requestDivergence, responseDivergence } from './http1-divergence.ts';

const seconds = Number(process.argv[2] ?? 3600);
const firstSeed = Number(process.argv[3] ?? Date.now() % 1_000_000_000);
const batch = 20_000;
const explained = explainedIn(readFileSync(join(import.meta.dirname, '../../docs/http1-strictness.md'), 'utf8'));
const counts = new Map<string, number>();

function note(divergence: string | undefined, input: unknown): void {
  const kind = divergence ?? 'agreed';
  counts.set(kind, (counts.get(kind) ?? 0) + 1);
  if (divergence === undefined || explained.includes(divergence)) return;
  console.error(`${divergence}\n  ${JSON.stringify(input)}`);
  process.exitCode = 1;
}

const end = performance.now() + seconds * 1000;
let seed = firstSeed;
for (; performance.now() < end; seed++) {
  for (const text of fc.sample(damagedRequests, { numRuns: batch, seed })) note(requestDivergence(text), text);
  for (const response of fc.sample(damagedResponses, { numRuns: batch, seed })) {
    note(responseDivergence(response.text, response.method, response.eof), response);
  }
}
for (const [kind, count] of [...counts].sort((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(10)}  ${kind}`);
console.log(`seeds ${firstSeed} to ${seed - 1}`);
