import type { PodDescription, Problem, ServiceDescription } from '../../describe/description.ts';
import { findService, findWorkload } from '../../describe/find.ts';
import { originsIn, withFindings } from '../../describe/findings.ts';
import { describePod } from '../../describe/pod.ts';
import { describeService } from '../../describe/service.ts';
import { knownNames } from '../../manifest/known-names.ts';
import type { Mesh } from '../../model/mesh.ts';
import { Services } from '../../model/services.ts';
import { CliError, exitCode } from '../exit.ts';
import { parseChoice } from '../proxy/flags.ts';
import { Places } from '../route/places.ts';
import { styleFor, wantsColour, write } from '../terminal.ts';
import { formatted } from '../translate/output.ts';
import { findingAnalyzers } from './analyzers.ts';
import { type ReadFlags, readForDescription } from './read.ts';
import { parseTarget, type Target } from './target.ts';
import { podText, serviceText, type TextOptions } from './text.ts';

/** Flags of `weft x describe` as commander gives them. */
export interface DescribeFlags extends ReadFlags {
  output: string;
  color?: boolean;
  ignoreUnmeshed?: boolean;
}

/**
 * Says what applies to a pod, or to a service.
 *
 * @param expected what the sub-command is for
 * @returns 0, whatever is said
 * @throws CliError for what is not there
 */
export async function runDescribe(name: string | undefined, flags: DescribeFlags, expected?: 'pod' | 'service'): Promise<number> {
  const output = parseChoice('output', flags.output, ['text', 'json', 'yaml']);
  const { mesh, findings, namespace, target } = await readForDescription(
    flags,
    (own) => parseTarget(name, expected, own, flags.namespace === undefined),
    findingAnalyzers,
  );
  const places = new Places(mesh);
  const described = describe(mesh, target);
  const description = { ...described.description, problems: withFindings(described.description.problems, findings, originsIn(described.description)) };
  if (output !== 'text') {
    write('stdout', formatted(places.locate(description) as object, output));
    return exitCode.ok;
  }
  const options: TextOptions = {
    places,
    namespace: flags.namespace ?? namespace,
    style: await styleFor(wantsColour(flags.color, 'stdout')),
    ignoreUnmeshed: flags.ignoreUnmeshed === true,
  };
  write('stdout', described.kind === 'service' ? serviceText(description as ServiceDescription, options) : podText(description as PodDescription, options));
  return exitCode.ok;
}

type Described = { kind: 'pod'; description: PodDescription } | { kind: 'service'; description: ServiceDescription };

function describe(mesh: Mesh, target: Target): Described & { description: { problems: Problem[] } } {
  const { kind, namespace, name } = target;
  if (kind === 'Service') {
    const services = Services.of(mesh).all;
    const service = findService(mesh, namespace, name) ?? onlyOne(target, services);
    if (service) return { kind: 'service', description: describeService(mesh, service) };
    throw notFound('services', name, namespace, namesOf(services));
  }
  const known = mesh.allWorkloads().filter(({ resource }) => kind === 'Pod' || resource.kind === kind);
  const workload = findWorkload(mesh, namespace, name, kind === 'Pod' ? undefined : kind) ?? onlyOne(target, known);
  if (workload) return { kind: 'pod', description: describePod(mesh, workload) };
  throw notFound(`${kind.toLowerCase()}s`, name, namespace, namesOf(known));
}

/** Where nobody has said the namespace, the only one of the name is meant. */
function onlyOne<T extends { name: string }>({ name, anyNamespace }: Target, all: readonly T[]): T | undefined {
  const [only, another] = anyNamespace ? all.filter((one) => one.name === name) : [];
  return another === undefined ? only : undefined;
}

function namesOf(list: readonly { name: string; namespace: string }[]): string[] {
  return list.map(({ name, namespace }) => `${name}.${namespace}`);
}

function notFound(what: string, name: string, namespace: string, known: readonly string[]): CliError {
  const elsewhere = known.filter((other) => other.startsWith(`${name}.`));
  const help =
    elsewhere.length > 0
      ? `Did you mean ${elsewhere.slice(0, 5).join(' or ')}?`
      : known.length > 0
        ? knownNames(`${name}.${namespace}`, known)
        : `There are no ${what} at all.`;
  return new CliError(`${what} "${name}" not found in namespace ${namespace}`, exitCode.error, help);
}
