import { readFileSync } from 'node:fs';
import { CliError } from '../exit.ts';

/**
 * The labels of a pod, from a file of a `downwardAPI` volume with `metadata.labels`.
 *
 * @throws CliError where it cannot be read
 */
export function readLabelsFile(path: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError(
      `--labels-file: cannot read ${path}: ${(error as Error).message}`,
      undefined,
      'It is a file of a downwardAPI volume whose item has the fieldPath metadata.labels.',
    );
  }
  const labels = parseLabelsFile(text);
  if (typeof labels === 'string')
    throw new CliError(`--labels-file: ${path}: ${labels}`, undefined, 'Lines are KEY="VALUE", as the kubelet writes metadata.labels.');
  return labels;
}

/** Lines of `key="value"`, with the escapes of Go. @returns what is wrong with it, otherwise */
export function parseLabelsFile(text: string): Record<string, string> | string {
  const labels: Record<string, string> = {};
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const at = line.indexOf('=');
    const value = at > 0 ? unquoted(line.slice(at + 1)) : undefined;
    if (value === undefined) return `line ${index + 1} is no KEY="VALUE"`;
    labels[line.slice(0, at)] = value;
  }
  return labels;
}

const simple: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"' };

/** A literal as `strconv.Quote` of Go writes it; undefined for what is none. */
function unquoted(literal: string): string | undefined {
  const body = /^"((?:[^"\\]|\\(?:[abfnrtv\\"]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))*)"$/.exec(literal)?.[1];
  return body?.replace(/\\(?:x(..)|u(....)|U(.{8})|(.))/g, (_, byte, unit, point, letter) =>
    letter === undefined ? String.fromCodePoint(Math.min(Number.parseInt(byte ?? unit ?? point, 16), 0x10ffff)) : (simple[letter] ?? ''),
  );
}
