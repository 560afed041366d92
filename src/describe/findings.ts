// What analyzers found in the objects that a description tells of.
import type { Origin } from '../ir/table.ts';
import type { Level, Path } from '../manifest/problem.ts';
import type { Resource } from '../manifest/resource.ts';
import type { Problem } from './description.ts';
import { originKey } from './origins.ts';
import { inOrder } from './problems.ts';

/** As of src/analysis. */
interface Found {
  code: string;
  level: Level;
  text: string;
  help?: string | undefined;
  resource: Resource;
  path?: Path | undefined;
}

const severities: Readonly<Record<Level, Problem['severity']>> = { Error: 'error', Warning: 'warning', Info: 'info' };

/** @param objects that the description tells of */
export function withFindings(problems: readonly Problem[], findings: readonly Found[], objects: ReadonlySet<string>): Problem[] {
  const about = ({ resource: { kindName, namespace, name }, path = [] }: Found): Origin => ({ kind: kindName, namespace, name, path });
  const more = findings.flatMap((finding): Problem[] => {
    const origin = about(finding);
    if (!objects.has(originKey(origin))) return [];
    const { code, level, text, help } = finding;
    return [{ severity: severities[level], code, text, about: origin, ...(help === undefined ? {} : { help }) }];
  });
  return inOrder([...problems, ...more]);
}

/** The objects that data names as origins. */
export function originsIn(data: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(data)) for (const item of data) originsIn(item, found);
  else if (typeof data === 'object' && data !== null) {
    const { kind, namespace, name, path } = data as Partial<Origin>;
    if (typeof kind === 'string' && typeof namespace === 'string' && typeof name === 'string' && Array.isArray(path))
      found.add(originKey({ kind, namespace, name, path }));
    for (const value of Object.values(data)) originsIn(value, found);
  }
  return found;
}
