import { formatPath } from '../manifest/problem.ts';
import type { Remark } from '../pipeline/check-resource.ts';
import type { Judged } from './mesh-state.ts';

/** What the log says of an object that is wrong, or that has something worth a look. */
export function judgedText({ kind, namespace, name, verdict, isLeftOut }: Judged): string {
  const wrong = [...verdict.undecodable, ...verdict.errors];
  const remarks = wrong.length > 0 ? wrong : [...verdict.unknown, ...verdict.warnings];
  const said = remarks.map(remarkText).join('; ');
  const what = `${kind.slice(kind.indexOf('/') + 1)} ${namespace}/${name}`;
  if (wrong.length === 0) return `${what}: ${said}`;
  return `${what} breaks the rules of its kind, and ${isLeftOut ? 'is left out' : 'in doubt it denies'}: ${said}`;
}

/** `spec.http[0].timeout: TEXT`; a text that begins with its field does not need it twice. */
export function remarkText({ path = [], text }: Remark): string {
  const field = formatPath(path);
  return field === '' || text.startsWith(field) ? text : `${field}: ${text}`;
}
