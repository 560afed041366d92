// How weft analyze grows with its input: time against js-yaml alone, time and memory against itself.
//
//   node bench/analyze.ts [RUNS]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate, type Shape } from './generate.ts';
import { compare, line, measure, node, peakMemory, type Usage, weft } from './measure.ts';

const runs = Number(process.argv[2] ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
const args = (file: string): string[] => ['analyze', '-A', '--use-kube=false', file];
const analyze = (file: string): Usage => measure(weft, args(file), [0, 79]);
const parse = (file: string): Usage => measure(node, [join(import.meta.dirname, 'parse-only.cjs'), file]);

async function input(shape: Shape, count: number): Promise<string> {
  const file = join(folder, `${shape}-${count}.yaml`);
  await generate(file, shape, count);
  return file;
}

const show = (name: string, { cpu, wall }: Usage): void => console.log(`  ${name.padEnd(48)} ${cpu.toFixed(0).padStart(7)} ms  (${wall.toFixed(0)} ms)`);

try {
  // Four resources for each service, two for each gateway.
  const small = await input('services', 2_500);
  const middle = await input('services', 10_000);
  const large = await input('services', 25_000);
  const gateways = await input('gateways', 4_000);
  const plain = await input('plain', 4_000);

  const times = compare(runs, {
    weft: () => analyze(small),
    parse: () => parse(small),
    gateways: () => analyze(gateways),
    plain: () => analyze(plain),
  });
  const { large: hundredThousand } = compare(Math.min(runs, 3), { large: () => analyze(large) });
  console.log(`median of ${runs} runs, user + system time (wall)`);
  show('10,000 resources, js-yaml alone', times.parse);
  show('10,000 resources, weft', times.weft);
  show('100,000 resources, weft', hundredThousand);
  show('4,000 gateways + 4,000 virtual services, weft', times.gateways);
  show('4,000 services + 4,000 virtual services, weft', times.plain);
  console.log(line('weft : js-yaml alone, 10,000 resources', times.weft.cpu / times.parse.cpu, 2, 'x', 2));
  console.log(line('100,000 : 10,000 resources', hundredThousand.cpu / times.weft.cpu, 1, 'x', 11));
  console.log(line('gateways : plain services, 8,000 resources each', times.gateways.cpu / times.plain.cpu, 2, 'x', 2));
  console.log(line('peak memory, 10,000 resources', peakMemory(weft, args(small)), 0, 'MB', 234));
  console.log(line('peak memory, 40,000 resources', peakMemory(weft, args(middle)), 0, 'MB', 434));
} finally {
  rmSync(folder, { recursive: true });
}
