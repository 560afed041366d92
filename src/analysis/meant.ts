import type { Path } from '../manifest/problem.ts';
import type { ReportExtra } from './analyzer.ts';

/**
 * Help and repair for a value that is one typing error away from a name that exists.
 *
 * @param near the name that was meant, if one is near
 * @param text the whole value with that name in it, where the name is only a part of it
 */
export function meant(near: string | undefined, path: Path, text: string | undefined = near): Pick<ReportExtra, 'help' | 'fix'> {
  if (near === undefined || text === undefined) return {};
  return { help: `did you mean "${text}"?`, fix: { title: `write ${text}`, path, target: 'value', text } };
}
