// What `weft diff -o json|yaml` prints: the same fields in every version, see docs/diff.md.
import type { ReportItem } from '../../analysis/report/report.ts';
import type { Origin } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import type { AccessExample, Change, Example, FieldChange, Scope, Side, Subject } from '../../route-diff/change.ts';
import { type WrittenAt, writtenAt } from './places.ts';

export interface DiffDocument {
  version: 1;
  /** Something changes for traffic. */
  changed: boolean;
  changes: ChangeDocument[];
  /** Absent with --no-findings. */
  findings?: { new: FindingDocument[]; resolved: FindingDocument[] };
}

export interface SideDocument {
  text: string;
  value: unknown;
  at?: WrittenAt;
}

export interface ChangeDocument {
  mark: Change['mark'];
  subject: Subject;
  place: string;
  instead?: string;
  fields: { field: string; old?: SideDocument; new?: SideDocument }[];
  at: { old?: WrittenAt; new?: WrittenAt };
  scope: Scope;
  example?: Example;
  /** Of policies: requests that are decided otherwise now; empty: none was found. */
  access?: AccessExample[];
}

export interface FindingDocument {
  code: string;
  level: string;
  message: string;
  origin: string;
  field?: string;
  file?: string;
  line?: number;
}

export interface Meshes {
  old: Mesh;
  new: Mesh;
}

export interface FoundFindings {
  new: readonly ReportItem[];
  resolved: readonly ReportItem[];
}

export function diffDocument(changes: readonly Change[], meshes: Meshes, findings: FoundFindings | undefined): DiffDocument {
  return {
    version: 1,
    changed: changes.length > 0,
    changes: changes.map((change) => changeDocument(change, meshes)),
    ...(findings ? { findings: { new: findings.new.map(findingDocument), resolved: findings.resolved.map(findingDocument) } } : {}),
  };
}

function changeDocument({ mark, subject, place, instead, fields, at, scope, example, access }: Change, meshes: Meshes): ChangeDocument {
  const where = (side: 'old' | 'new', origin: Origin | undefined) => (origin ? { [side]: writtenAt(origin, meshes[side]) } : {});
  return {
    mark,
    subject,
    place,
    ...(instead === undefined ? {} : { instead }),
    fields: fields.map((field) => fieldDocument(field, meshes)),
    at: { ...where('old', at.old), ...where('new', at.new) },
    scope,
    ...(example ? { example } : {}),
    ...(access ? { access } : {}),
  };
}

function fieldDocument({ field, old, new: now }: FieldChange, meshes: Meshes): ChangeDocument['fields'][number] {
  const side = ({ text, value, origin }: Side, mesh: Mesh): SideDocument => ({ text, value, ...(origin ? { at: writtenAt(origin, mesh) } : {}) });
  return { field, ...(old ? { old: side(old, meshes.old) } : {}), ...(now ? { new: side(now, meshes.new) } : {}) };
}

function findingDocument({ code, level, text, origin, field, file, place }: ReportItem): FindingDocument {
  return {
    code,
    level,
    message: text,
    origin,
    ...(field === undefined ? {} : { field }),
    ...(file === undefined ? {} : { file }),
    ...(place ? { line: place.line } : {}),
  };
}
