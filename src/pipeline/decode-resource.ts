import type { InputProblem } from '../manifest/load.ts';
import type { Resource } from '../manifest/resource.ts';
import { decodeMessage } from '../schema/decode.ts';
import { specMessage } from '../schema/messages.ts';
import { dropNulls } from '../schema/nulls.ts';
import type { StructureProblem } from '../schema/structure.ts';

/** Gives the spec its types; a resource whose fields have wrong types is a problem of the input and not analyzed. */
export function decodeResource(resource: Resource, structure: readonly StructureProblem[], problems: InputProblem[]): boolean {
  const errors: Pick<InputProblem, 'path' | 'text' | 'help' | 'fix'>[] = structure.filter((problem) => problem.code === 'WFT0003');
  const message = specMessage[resource.kindName];
  if (!message) dropNulls(resource.raw);
  else if (resource.raw.spec !== undefined && resource.raw.spec !== null) errors.push(...decodeMessage(message, resource.raw.spec, ['spec']).errors);
  for (const { text, help, path, fix } of errors) {
    problems.push({
      code: 'WFT0003',
      level: 'Error',
      source: resource.document?.source,
      offset: resource.document?.start,
      text,
      help,
      unparsable: true,
      resource,
      path,
      fix,
    });
  }
  return errors.length === 0;
}
