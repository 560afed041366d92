// What it costs to start weft, against starting the same Node for nothing.
//
//   node bench/startup.ts [RUNS]
import { join } from 'node:path';
import { compare, line, measure, node, root, weft } from './measure.ts';

const runs = Number(process.argv[2] ?? 41);
const fixture = join(root, 'fixtures/payment');
const programs = {
  nothing: () => measure(node, ['-e', '0']),
  analyze: () => measure(weft, ['analyze', '-A', fixture]),
};
compare(3, programs);
const { nothing, analyze } = compare(runs, programs);

console.log(`median of ${runs} runs, user + system time (wall)`);
for (const [name, usage] of [
  ['node -e 0', nothing],
  ['weft analyze -A fixtures/payment', analyze],
] as const) {
  console.log(`  ${name.padEnd(36)} ${usage.cpu.toFixed(1).padStart(6)} ms  (${usage.wall.toFixed(1)} ms)`);
}
console.log(line('weft analyze -A fixtures/payment : node -e 0', analyze.cpu / nothing.cpu, 2, 'x', 2.3));
