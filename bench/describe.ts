// How long a description of one service, or one workload, of a large mesh takes from files, beside js-yaml alone over the same files.
//
//   npm run bench:describe [-- --services 5000 --runs 9]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generate, shapes } from './generate.ts';
import { compare, line, measure, node, peakMemory, type Usage, weft } from './measure.ts';

const { values } = parseArgs({ options: { services: { type: 'string', default: '5000' }, runs: { type: 'string', default: '9' } } });
const services = Number(values.services);
const runs = Number(values.runs);
const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));

try {
  const one = join(folder, 'mesh.yaml');
  await generate(one, 'services', services);
  const many = join(folder, 'mesh');
  // A file for each service, in a folder for each of the namespaces, as teams have them.
  for (let i = 0; i < services; i++) {
    const team = join(many, `team-${i % 50}`);
    if (i < 50) mkdirSync(team, { recursive: true });
    writeFileSync(join(team, `svc-${i}.yaml`), shapes.services(i));
  }
  const describe = (what: string, from: string): Usage => measure(weft, ['x', 'describe', what, '-f', from, '--no-use-kube']);
  const times = compare(runs, {
    parse: () => measure(node, [join(import.meta.dirname, 'parse-only.cjs'), one]),
    start: () => measure(weft, ['version', '--remote=false']),
    service: () => describe('svc/svc-7.team-7', one),
    workload: () => describe('deploy/svc-7.team-7', one),
    folders: () => describe('svc/svc-7.team-7', many),
  });
  const show = (name: string, { cpu, wall }: Usage): void =>
    console.log(`  ${name.padEnd(56)} ${wall.toFixed(0).padStart(6)} ms  (user + system: ${cpu.toFixed(0)} ms)`);
  console.log(`${services} services, ${4 * services} objects; median of ${runs} runs, in turn`);
  show('js-yaml alone, one file', times.parse);
  show('weft version', times.start);
  show('weft x describe svc, one file', times.service);
  show('weft x describe deploy, one file', times.workload);
  show(`weft x describe svc, ${services} files`, times.folders);
  console.log(line('weft x describe svc : js-yaml alone, user + system', times.service.cpu / times.parse.cpu, 2, 'x', 1));
  console.log(line('weft x describe svc, one file', times.service.wall, 0, 'ms', 1000));
  console.log(line(`weft x describe svc, ${services} files`, times.folders.wall, 0, 'ms', 1000));
  console.log(`peak memory: ${peakMemory(weft, ['x', 'describe', 'svc/svc-7.team-7', '-f', one]).toFixed(0)} MB`);
} finally {
  rmSync(folder, { recursive: true });
}
