// A recorded case as a user has it on disk: manifests, the mesh configuration, and the workload whose proxy was recorded.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseStep, Observation, RoutingCase } from '../routing/corpus.ts';
import { type Layout, layOut } from '../routing/layout.ts';

/** Steps of a case that were done with the same manifests. */
export interface Stage {
  /** As the case was while they were in force. */
  routingCase: RoutingCase;
  layout: Layout;
  /** Steps with a request, with their numbers in the case. */
  steps: { index: number; step: CaseStep; expected: Observation }[];
  /** Of what comes to a workload the addresses of the recording are addresses of this machine, so that proxies can be at them. */
  here: (text: string) => string;
}

/** A step with `apply` begins another stage. */
export function stagesOf(routingCase: RoutingCase): Stage[] {
  const here = routingCase.role === 'inbound' ? onThisMachine() : (text: string): string => text;
  const stages: Stage[] = [{ routingCase, layout: layOut(routingCase), steps: [], here }];
  for (const [index, step] of routingCase.steps.entries()) {
    if (step.apply !== undefined) {
      const next = { ...routingCase, manifests: step.apply };
      stages.push({ routingCase: next, layout: layOut(next), steps: [], here });
    }
    if (step.request || step.tcp) stages.at(-1)?.steps.push({ index, step, expected: routingCase.observed[index] ?? {} });
  }
  return stages;
}

let networks = process.pid;

/** Each case has a network of its own: cases are read at the same time. */
function onThisMachine(): Stage['here'] {
  const network = `127.${1 + (networks++ % 80)}.`;
  return (text) => text.replaceAll('10.244.', network);
}

/** Name of the workload in its namespace. */
const workload = 'recorded';

/**
 * Writes the files of a stage into a folder.
 *
 * @returns the flags by which every command reads them
 */
export function writeStage({ routingCase, layout, here }: Stage, folder: string): string[] {
  const manifests = join(folder, 'manifests');
  mkdirSync(manifests, { recursive: true });
  writeFileSync(join(manifests, 'case.yaml'), here(routingCase.manifests.replaceAll('/etc/certs/', `${join(routingCase.folder, 'files')}/`)));
  writeFileSync(join(manifests, 'registry.yaml'), here(layout.registry));
  writeFileSync(join(manifests, 'workload.yaml'), here(JSON.stringify(podOf(layout))));
  const mesh = join(folder, 'mesh.json');
  writeFileSync(mesh, JSON.stringify(layout.mesh));
  // Names without a namespace are in that one where the recording had no namespace for them.
  return ['-f', manifests, '--meshConfigFile', mesh];
}

function podOf({ namespace, labels, locality, address }: Layout): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    // Of the label region.zone.subzone nothing but the locality is read.
    metadata: { name: workload, namespace, labels: { ...labels, ...(locality === undefined ? {} : { 'istio-locality': locality.replaceAll('/', '.') }) } },
    spec: { containers: [{ name: 'app', image: 'app' }] },
    status: { podIP: address },
  };
}

/** The caller as `weft route explain` takes it. */
export function callerFlags({ routingCase, layout: { namespace } }: Stage): string[] {
  return routingCase.role === 'gateway' ? ['--gateway', `${namespace}/${workload}`] : ['--from', `pod/${workload}.${namespace}`];
}

/** The recorded workload as a test file names it. */
export function workloadOf({ layout: { namespace } }: Stage): string {
  return `pod/${workload}.${namespace}`;
}

/** The caller as a test file names it. */
export function callerOfTests({ routingCase, layout: { namespace } }: Stage): string {
  return routingCase.role === 'gateway' ? `gateway/${workload}.${namespace}` : `pod/${workload}.${namespace}`;
}
