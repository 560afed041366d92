// What can run a case.
import { join } from 'node:path';
import type { RoutingCase } from './corpus.ts';
import type { Engine } from './place/engine.ts';
import { Envoy } from './place/envoy.ts';
import { Sidecar } from './place/sidecar.ts';

export const engineNames = ['embedded', 'envoy', 'recorded'] as const;
export type EngineName = (typeof engineNames)[number];

const root = join(import.meta.dirname, '../..');

export function createEngine(name: EngineName, sources: boolean, routingCase: RoutingCase): Engine {
  if (name !== 'embedded') return new Envoy(routingCase.folder, name === 'envoy');
  return new Sidecar([process.execPath, sources ? join(import.meta.dirname, 'weft.ts') : join(root, 'bin/weft.js')]);
}
