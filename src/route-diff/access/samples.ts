// Values that a condition asks for, and some that it just does not take: of those a request is made.
import type { AuthorizationCondition, TextMatcher } from '../../ir/authorization.ts';
import { parseCidr, parseIp } from '../../proxy/core/ip.ts';
import { regexSamples } from '../regex-samples.ts';
import { claimOf, headerOf, type Part, partOf, usual, type Value } from './parts.ts';

/** Of one simple condition. */
export function samplesOf(condition: AuthorizationCondition): Value[] {
  const part = partOf(condition);
  if (part === undefined) return [];
  return samplesIn(condition, part).filter((value) => isSendable(part, value));
}

/** Those that no condition speaks of. */
export function otherValues(part: Part): Value[] {
  switch (part) {
    case 'method':
      return [usual.method, 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD'];
    case 'path':
      return [usual.path, '/other', '/other/x'];
    case 'host':
      return [undefined, 'other.example.com'];
    case 'peer':
      return [undefined, 'spiffe://cluster.local/ns/other/sa/other'];
    case 'server-name':
      return [undefined, 'other.example.com'];
    case 'source-ip':
    case 'remote-ip':
      return [undefined, '198.51.100.7', '2001:db8:ffff::1'];
    case 'destination-ip':
      return [undefined, '198.51.100.8'];
    case 'destination-port':
      return [undefined, 8081];
    default:
      return [undefined, 'other'];
  }
}

function samplesIn(condition: AuthorizationCondition, part: Part): Value[] {
  switch (condition.kind) {
    case 'destination-port':
      return [condition.port];
    case 'source-ip':
    case 'remote-ip':
    case 'destination-ip':
      return addressesIn(condition.cidr);
    case 'path-template':
      return pathsOf(condition.template);
    case 'peer':
      return [...identities(condition.match), ...texts(condition.match, 'x')];
    case 'claim': {
      const found = texts(condition.match, 'x');
      return [...found, ...(condition.textOnly ? [] : found.slice(0, 2).map((text) => [text, 'other']))];
    }
    case 'path':
    case 'method':
    case 'server-name':
    case 'host':
    case 'header':
      return texts(condition.match, part === 'host' || part === 'server-name' ? 'www' : part === 'path' ? '/x' : 'x');
    default:
      return [];
  }
}

/** @param more stands for any text */
function texts(matcher: TextMatcher, more: string): string[] {
  if (matcher.kind === 'present') return ['1'];
  if (matcher.kind === 'regex') return [...regexSamples(matcher.value)];
  const { value } = matcher;
  const spellings = matcher.ignoreCase ? [value, value.toLowerCase(), value.toUpperCase()] : [value];
  return [...new Set(spellings)].flatMap((text) => {
    const tail = more.replace('/', '');
    if (matcher.kind === 'exact') return [text, `${text}${tail}`];
    if (matcher.kind === 'prefix') return [text, `${text}${tail}`, `${text}/${tail}`, `${text}8080`, `${text.slice(0, -1)}`];
    return [`${more}${text}`, `${more}/${text}`, `/${text}`, text, `${text}${tail}`];
  });
}

/** Names of workloads for what names a namespace, or a service account. */
function identities(matcher: TextMatcher): string[] {
  if (matcher.kind === 'present') return ['spiffe://cluster.local/ns/default/sa/default'];
  const written = matcher.kind === 'regex' ? matcher.value.replace(/\\(.)/g, '$1') : matcher.value;
  const domain = /^(?:spiffe:\/\/)?([\w.-]+)\/ns\//.exec(written)?.[1] ?? 'cluster.local';
  const namespace = clean(/(?:^|\/)ns\/([^/()|]+)/.exec(written)?.[1]) ?? clean(/([\w.-]+)\/sa\//.exec(written)?.[1]) ?? 'default';
  const account = clean(/(?:^|\/)sa\/([^/()|]+)/.exec(written)?.[1]) ?? 'default';
  const made = [
    `spiffe://${domain}/ns/${namespace}/sa/${account}`,
    `spiffe://cluster.local/ns/${namespace}/sa/${account}`,
    `spiffe://${domain}/ns/${namespace}/sa/other`,
  ];
  // What may be anywhere at the end.
  const end = matcher.kind === 'suffix' || matcher.kind === 'regex' ? clean(/([\w.-]+)$/.exec(written)?.[1]) : undefined;
  return [...made, ...(end === undefined ? [] : [`spiffe://cluster.local/ns/default/sa/${end}`])];
}

function clean(text: string | undefined): string | undefined {
  const plain = text?.replace(/\.[*+]/g, 'x').replaceAll('*', 'x');
  return plain !== undefined && /^[\w.-]+$/.test(plain) ? plain : undefined;
}

/** The first and the last of a block, and those next to it. */
function addressesIn(block: string): string[] {
  const cidr = parseCidr(block);
  if (!cidr) return [];
  const { bytes, length } = cidr;
  const masked = (fill: number): number[] =>
    [...bytes].map((byte, i) => {
      const bits = Math.max(0, Math.min(8, length - i * 8));
      const mask = (0xff << (8 - bits)) & 0xff;
      return (byte & mask) | (fill & ~mask & 0xff);
    });
  const [first, last] = [masked(0), masked(0xff)];
  return [moved(first, length < bytes.length * 8 ? 1 : 0), addressText(last), addressText([...bytes]), addressText(first), moved(first, -1), moved(last, 1)];
}

function moved(bytes: readonly number[], by: number): string {
  const out = [...bytes];
  let carry = by;
  for (let i = out.length - 1; i >= 0 && carry !== 0; i--) {
    const sum = (out[i] as number) + carry;
    out[i] = sum & 0xff;
    carry = sum > 0xff ? 1 : sum < 0 ? -1 : 0;
  }
  return addressText(out);
}

function addressText(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number)).toString(16));
  return groups.join(':').replace(/(?:^|:)0(?::0)+(?:$|:)/, '::');
}

function pathsOf(template: string): string[] {
  const filled = (one: string, rest: string): string => template.replace(/\*\*/g, rest).replace(/\*/g, one);
  return [filled('x', 'x/y'), filled('x', 'x'), filled('y', ''), `${filled('x', 'x')}/more`];
}

/** A path that the proxy takes as it is; a text that can be in a header. */
function isSendable(part: Part, value: Value): boolean {
  if (typeof value !== 'string') return true;
  switch (part) {
    case 'path':
      return /^\/[^\s#%\\]*$/.test(value) && !/\/\/|\/\.\.?(?:\/|$|\?)/.test(value) && isPrintable(value);
    case 'method':
      return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value) && value.toUpperCase() !== 'CONNECT';
    case 'host':
      return /^(?:\[[0-9A-Fa-f:.]+\]|[\w.*-]+)(?::\d{1,5})?$/.test(value);
    case 'server-name':
      return /^[\w.*-]+$/.test(value);
    case 'peer':
      return /^spiffe:\/\/[^/\s]+\/[!-~]+$/.test(value);
    case 'source-ip':
    case 'remote-ip':
    case 'destination-ip':
      return parseIp(value) !== undefined;
    default:
      if (headerOf(part) !== undefined) return isPrintable(value) && value === value.trim();
      return claimOf(part) === undefined || isPrintable(value);
  }
}

function isPrintable(text: string): boolean {
  return /^[ -~]*$/.test(text);
}
