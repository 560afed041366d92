// Differences of small meshes as lines, for the tests of this room.
import { meshOf } from '../analysis/testing.ts';
import type { MeshConfig } from '../manifest/istio/mesh.gen.ts';
import type { Change, Subject } from './change.ts';
import { diffMeshes } from './diff-meshes.ts';
import { hostText } from './words.ts';

export interface DiffTest {
  oldMesh?: MeshConfig;
  newMesh?: MeshConfig;
}

export function changesOf(old: readonly string[], now: readonly string[], { oldMesh = {}, newMesh = {} }: DiffTest = {}): Change[] {
  const mesh = (documents: readonly string[], meshConfig: MeshConfig) => meshOf(documents.join('---\n'), { preset: 'recommended', meshConfig });
  return diffMeshes(mesh(old, oldMesh), mesh(now, newMesh)).changes;
}

/** `~ cart.shop:80 | GET | timeout: none → 2s`, with the scope at the end where it is not all callers. */
export function linesOf(changes: readonly Change[]): string[] {
  return changes.map(({ mark, subject, place, instead, fields, scope }) => {
    const sign = { added: '+', removed: '-', changed: '~' }[mark];
    const texts = fields.map(({ field, old, new: is }) => `${field}: ${old?.text ?? '-'} → ${is?.text ?? '-'}`);
    const who = [scope.allCallers ? '' : scope.callers.join(','), scope.gateways.length > 0 ? `@${scope.gateways.join(',')}` : ''].filter(
      (part) => part !== '',
    );
    return [`${sign} ${nameOf(subject)}`, place, instead === undefined ? '' : `(${instead})`, texts.join('; '), who.join(' ')]
      .filter((part) => part !== '')
      .join(' | ');
  });
}

function nameOf(subject: Subject): string {
  switch (subject.kind) {
    case 'host':
      return `${hostText(subject.host)}:${subject.port}`;
    case 'gateway-port':
      return `port ${subject.port}`;
    case 'workload':
      return `to ${subject.namespace}/${subject.name}`;
    case 'hosts':
    case 'workloads':
      return `${subject.names.length} ${subject.kind}`;
    default:
      return subject.kind;
  }
}
