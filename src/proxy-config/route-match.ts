import { field, type Json, message, messages, text } from './json.ts';

/**
 * The condition on the path (`/pay*`, `/pay`, `PathPrefix:/pay`, `regex …`), and in brackets the names of what else a request must have:
 * headers, parameters (`?debug`).
 */
export function matchText(match: Json): string {
  const prefix = text(match, 'prefix');
  const segments = text(match, 'path_separated_prefix');
  const path = text(match, 'path');
  const regex = text(message(match, 'safe_regex'), 'regex');
  const parts = [
    ...(prefix ? [`${prefix}*`] : []),
    ...(segments ? [`PathPrefix:${segments}`] : []),
    ...(path ? [path] : []),
    ...(regex ? [`regex ${regex}`] : []),
    ...(field(match, 'connect_matcher') === undefined ? [] : ['CONNECT']),
  ];
  const conditions = [
    ...messages(match, 'headers').map((header) => `${field(header, 'invert_match') === true ? '!' : ''}${text(header, 'name')}`),
    // Control planes give them in any order.
    ...messages(match, 'query_parameters')
      .map((parameter) => `?${text(parameter, 'name')}`)
      .sort(),
  ];
  return [...parts, ...(conditions.length > 0 ? [`[${conditions.join(', ')}]`] : [])].join(' ');
}
