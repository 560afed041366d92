// What weft analyze takes over a cluster, beside kubectl that reads the same kinds and writes them down.
//
//   npm run bench:cluster [-- --services 2000 --runs 9 --routes-only]
//
// Each service has a Service, a DestinationRule and a VirtualService, in 50 namespaces; with --routes-only a VirtualService alone. The cluster is that of the tests (test/kube).
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { load } from 'js-yaml';
import { connect } from '../src/kube/connect.ts';
import { inParallel } from '../src/kube/in-parallel.ts';
import type { KubeObject } from '../src/kube/object.ts';
import { startCluster } from '../test/kube/cluster.ts';
import { installMeshKinds } from '../test/kube/mesh-kinds.ts';
import { shapes } from './generate.ts';
import { compare, line, measure, peakMemory, type Usage, weft } from './measure.ts';

const { values } = parseArgs({
  options: { services: { type: 'string', default: '2000' }, runs: { type: 'string', default: '9' }, 'routes-only': { type: 'boolean', default: false } },
});
const services = Number(values.services);
const runs = Number(values.runs);
const routes = 'virtualservices.networking.istio.io';
const kinds = values['routes-only'] ? routes : `${routes},destinationrules.networking.istio.io,services`;

/** Objects of the kinds that are compared. */
function objects(): KubeObject[] {
  return Array.from({ length: services }, (_, i) =>
    shapes
      .services(i)
      .split(/^---\n/m)
      .filter((text) => text !== ''),
  )
    .flat()
    .map((text) => load(text) as KubeObject)
    .filter(({ kind }) => (values['routes-only'] ? kind === 'VirtualService' : kind !== 'Deployment'));
}

const { error } = spawnSync('kubectl', ['version', '--client']);
if (error) throw new Error('kubectl is what is compared with, and it is not on the PATH');
const cluster = await startCluster({ workloads: false });
try {
  const client = await connect({ kubeconfig: cluster.kubeconfig });
  await installMeshKinds(client);
  const all = objects();
  const namespaces = [...new Set(all.map(({ metadata }) => metadata.namespace ?? ''))];
  await inParallel(namespaces, (name) => client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  await inParallel(all, (object) => client.create(object), 32);
  client.close();

  process.env.KUBECONFIG = cluster.kubeconfig;
  const analyze = ['analyze', '-A'];
  const times = compare(runs, {
    weft: () => measure(weft, analyze, [0, 79]),
    kubectl: () => measure('kubectl', ['get', kinds, '-A', '-o', 'json']),
  });
  const show = (name: string, { cpu, wall }: Usage): void =>
    console.log(`  ${name.padEnd(64)} ${wall.toFixed(0).padStart(6)} ms  (user + system: ${cpu.toFixed(0)} ms)`);
  console.log(`${all.length} objects in ${namespaces.length} namespaces; median of ${runs} runs, in turn`);
  show('kubectl get -A -o json, the same kinds', times.kubectl);
  show('weft analyze -A, all kinds', times.weft);
  console.log(line('weft : kubectl', times.weft.wall / times.kubectl.wall, 2, 'x', 1.5));
  console.log(`peak memory of weft: ${peakMemory(weft, analyze).toFixed(0)} MB`);
} finally {
  await cluster.stop();
}
