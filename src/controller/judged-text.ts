import { formatPath } from '../manifest/problem.ts';
import type { Remark } from '../pipeline/check-resource.ts';
import type { Judged } from './mesh-state.ts';

/** What the log says of an object that is wrong, or that has something worth a look. */
export function judgedText({ kind, namespace, name, verdict, isLeftOut }: Judged): string {
  const remarks = isLeftOut ? [...verdict.undecodable, ...verdict.errors] : [...verdict.unknown, ...verdict.warnings];
  const said = remarks.map(remarkText).join('; ');
  const what = `${kind.slice(kind.indexOf('/') + 1)} ${namespace}/${name}`;
  return isLeftOut ? `${what} breaks the rules of its kind, and is left out: ${said}` : `${what}: ${said}`;
}

/** `spec.http[0].timeout: TEXT`; a text that begins with its field does not need it twice. */
export function remarkText({ path = [], text }: Remark): string {
  const field = formatPath(path);
  return field === '' || text.startsWith(field) ? text : `${field}: ${text}`;
}
