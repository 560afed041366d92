// By what rules are looked up: for each part of a request the values of which it must have one for a condition to hold. What is
// proposed by them is tested as a whole: they may propose too much, and never too little.
import type { AuthorizationCondition, TextMatcher } from '../../../ir/authorization.ts';
import { literalPrefix } from '../../../ir/witness.ts';
import { parseCidr } from '../ip.ts';
import { compileRegex } from '../regex.ts';
import { attributeOf, isTextual, type TextualCondition } from './attributes.ts';
import { compileTemplate } from './path-template.ts';
import { accountOf, unescaped } from './text-test.ts';

/** Values by the part that they are of; a part that is not there may have any. `never`: nothing meets the condition. */
export type Keys = ReadonlyMap<string, ReadonlySet<string>> | 'never';

/** Segments of identities that tell of whom they are: `/ns/shop/sa/cart` (SEC-R24). */
export const identityParts = ['ns', 'sa'] as const;
/** The part of the keys with what follows such a segment. */
export const identityPart = (segment: (typeof identityParts)[number]): string => `peer/${segment}`;
/** Paths: `=` and a whole one, or `^` and the text that it begins with. */
export const pathPart = 'path';

const any: Keys = new Map();

export function keysOf(condition: AuthorizationCondition): Keys {
  if (isTextual(condition)) return keysOfText(condition);
  switch (condition.kind) {
    case 'never':
      return 'never';
    case 'all':
      return keysOfAll(condition.of.map(keysOf));
    case 'some':
      return keysOfSome(condition.of.map(keysOf));
    case 'destination-port':
      return new Map([['destination-port', new Set([String(condition.port)])]]);
    case 'source-ip':
    case 'remote-ip':
    case 'destination-ip': {
      const cidr = parseCidr(condition.cidr);
      return cidr && cidr.length > 0 ? new Map([[condition.kind, new Set([blockKey(cidr.bytes, cidr.length)])]]) : any;
    }
    case 'path-template': {
      const template = compileTemplate(condition.template);
      return template ? pathKeys(`^${template.prefix}`) : any;
    }
    default:
      return any;
  }
}

/** All of them hold: of each part the narrower choice of values. */
export function keysOfAll(all: readonly Keys[]): Keys {
  const out = new Map<string, ReadonlySet<string>>();
  for (const keys of all) {
    if (keys === 'never') return keys;
    for (const [part, values] of keys) {
      const known = out.get(part);
      if (!known || values.size < known.size) out.set(part, values);
    }
  }
  return out;
}

/** One of them holds: the values of all, of parts that all of them ask for. */
export function keysOfSome(all: readonly Keys[]): Keys {
  const possible = all.filter((keys) => keys !== 'never');
  const [first] = possible;
  if (!first) return 'never';
  const out = new Map<string, ReadonlySet<string>>();
  for (const part of first.keys()) {
    const values = new Set<string>();
    const asked = possible.every((keys) => {
      const own = keys.get(part);
      for (const value of own ?? []) values.add(value);
      return own !== undefined;
    });
    if (asked) out.set(part, values);
  }
  return out;
}

/** `16/0a01`: the bits of a block that count. */
export function blockKey(bytes: Uint8Array, length: number): string {
  let key = `${bytes.length === 4 ? '' : 'v6 '}${length}/`;
  const whole = length >> 3;
  for (let i = 0; i < whole; i++) key += hex[bytes[i] as number];
  const bits = length & 7;
  return bits === 0 ? key : key + hex[(bytes[whole] as number) & (0xff << (8 - bits)) & 0xff];
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function keysOfText(condition: TextualCondition): Keys {
  const { match } = condition;
  if (condition.kind === 'path') return pathTextKeys(match);
  const keys = new Map<string, ReadonlySet<string>>();
  if (condition.kind === 'peer') for (const [part, value] of identityKeys(match)) keys.set(part, new Set([value]));
  if (match.kind !== 'exact') return keys;
  // Only hosts are compared without regard to case.
  if (condition.kind === 'host') keys.set('host', new Set([match.value.toLowerCase()]));
  else if (!match.ignoreCase) keys.set(attributeOf(condition).id, new Set([match.value]));
  return keys;
}

function pathTextKeys(match: TextMatcher): Keys {
  switch (match.kind) {
    case 'exact':
      return match.ignoreCase ? any : pathKeys(`=${match.value}`);
    case 'prefix':
      return match.ignoreCase ? any : pathKeys(`^${match.value}`);
    case 'regex':
      // What cannot be decided may hold for all.
      return compileRegex(match.value) ? pathKeys(`^${literalPrefix(match.value)}`) : any;
    default:
      return any;
  }
}

const pathKeys = (key: string): Keys => (key === '^' ? any : new Map([[pathPart, new Set([key])]]));

/** Namespace and service account, where a matcher asks for one of them. */
function identityKeys(match: TextMatcher): [part: string, value: string][] {
  if (match.kind === 'present' || (match.kind !== 'regex' && match.ignoreCase)) return [];
  return identityParts.flatMap((segment): [string, string][] => {
    const value = match.kind === 'regex' ? inRegex(match.value, segment) : inText(match.value, segment, match.kind === 'prefix');
    return value === undefined ? [] : [[identityPart(segment), value]];
  });
}

/** What follows a segment; one that is cut off may go on. */
function inText(text: string, segment: string, cut: boolean): string | undefined {
  const [value] = valuesAfter(text, segment, cut);
  return value;
}

const wildcardForm = /^(?:spiffe:\/\/)?\.\*((?:[-\w/:@]|\\\.)*)(\.\*)?$/;

/** Of the forms that namespaces, service accounts and ends of principals have in rules. */
function inRegex(expression: string, segment: string): string | undefined {
  const account = accountOf(expression);
  if (account) return segment === 'ns' ? account.namespace : account.account;
  const wildcard = wildcardForm.exec(expression);
  return wildcard ? inText(unescaped(wildcard[1] as string), segment, wildcard[2] !== undefined) : undefined;
}

/** Everything that stands behind `/SEGMENT/`, up to the next slash. */
export function valuesAfter(identity: string, segment: string, cut = false): string[] {
  const values: string[] = [];
  const mark = `/${segment}/`;
  for (let at = identity.indexOf(mark); at >= 0; at = identity.indexOf(mark, at + 1)) {
    const start = at + mark.length;
    const end = identity.indexOf('/', start);
    if (end >= 0) values.push(identity.slice(start, end));
    else if (!cut) values.push(identity.slice(start));
  }
  return values;
}
