// Both sides as meshes, with what analysis finds in them.
import schemaValidation from '../../../analyzers/schema-validation.ts';
import { itemOfFinding, itemOfProblem, type ReportItem } from '../../analysis/report/report.ts';
import type { Resource } from '../../manifest/resource.ts';
import type { Mesh } from '../../model/mesh.ts';
import { specMessage } from '../../schema/messages.ts';
import { tableReads } from '../../translate/table.ts';
import { type Evaluation, evaluate, prepare, type Session } from '../analyze/session.ts';
import type { ClusterSource } from '../cluster-source/cluster-source.ts';
import { CliError } from '../exit.ts';
import type { DiffFlags } from './flags.ts';
import type { Sides } from './sides.ts';

export interface EvaluatedSide {
  /** Without what a cluster would not take. */
  mesh: Mesh;
  /** What analysis says. */
  items: ReportItem[];
}

export interface Evaluated {
  old: EvaluatedSide;
  new: EvaluatedSide;
  /** What is broken in the new side: then it is not to be compared. */
  broken: ReportItem[];
  /** Of names without one. */
  namespace: string;
}

/** @throws CliError without a cluster, and for what cannot be read */
export async function evaluateSides(sides: Sides, flags: DiffFlags, warn: (text: string) => void): Promise<Evaluated> {
  const { output: _, findings = true, ...others } = flags;
  const prepared = await prepare(others, warn);
  const validation = schemaValidation as Session['chosen'];
  const session: Session = { ...prepared, chosen: findings ? [...new Set([...prepared.chosen, ...validation])] : validation };
  const cluster = sides.cluster ? await openCluster(session, flags, warn) : undefined;
  try {
    const options = { cluster, everyNamespace: true };
    const before = await evaluate(session, [], { ...options, input: sides.old });
    const after = await evaluate(session, [], { ...options, input: sides.new });
    for (const side of [before, after]) checkRead(side);
    const refused = { old: refusedIn(before), new: refusedIn(after) };
    // What is broken already may well be what the new side repairs; of the cluster nobody asked.
    for (const item of refused.old) warn(`left out of the old side: ${sayWhy(item)}`);
    const broken = refused.new.filter(({ file }) => file !== undefined);
    const [was, is] = [taken(before, refused.old), taken(after, refused.new)];
    return {
      old: { mesh: was.mesh, items: before.items },
      new: { mesh: is.mesh, items: after.items },
      broken,
      namespace: flags.namespace ?? cluster?.namespace ?? 'default',
    };
  } finally {
    cluster?.close();
  }
}

async function openCluster({ chosen }: Session, flags: DiffFlags, warn: (text: string) => void): Promise<ClusterSource> {
  const reads = new Set<string>([
    ...tableReads,
    ...Object.keys(specMessage),
    ...chosen.flatMap((analyzer) => (analyzer.aboutFiles ? [] : [...analyzer.reads])),
  ]);
  const { ClusterSource } = await import('../cluster-source/cluster-source.ts');
  const cluster = await ClusterSource.read(flags, { reads, templates: true, otherwise: 'Name two directories or files: they need no cluster.' });
  for (const { kind, reason } of cluster.gaps) warn(`not read: ${kind}: ${reason}`);
  return cluster;
}

function checkRead({ input }: Evaluation): void {
  const unreadable = input.unreadable.map(({ path, text }) => `${path}: ${text}`);
  if (unreadable.length > 0) throw new CliError(`cannot read ${unreadable.join(', ')}`);
}

const validators: ReadonlySet<string> = new Set(schemaValidation.map(({ name }) => name));

/** What a cluster would not take: a document that is none, or a resource that breaks the rules of its kind. */
function refusedIn({ result }: Evaluation): ReportItem[] {
  return [
    ...result.problems.filter(({ unparsable }) => unparsable).map(itemOfProblem),
    ...result.findings.filter(({ analyzer, level }) => level === 'Error' && validators.has(analyzer)).map(itemOfFinding),
  ];
}

/** What is left for a cluster that takes only what is right. */
function taken({ result: { mesh, resources } }: Evaluation, refused: readonly ReportItem[]): { mesh: Mesh; resources: readonly Resource[] } {
  const wrong = new Set(refused.map(({ resource }) => resource));
  const gone = resources.filter((resource) => wrong.has(resource));
  if (gone.length === 0) return { mesh, resources };
  return { mesh: mesh.with(gone.map((before) => ({ before }))), resources: resources.filter((resource) => !wrong.has(resource)) };
}

function sayWhy({ origin, code, text, file }: ReportItem): string {
  return `${origin || file || 'a document'}: ${text} (${code})`;
}
