// Rules about the values that AuthorizationPolicy rules and conditions list: addresses, ports, service accounts, paths.
import { pathTemplateProblem } from '../../manifest/path-template.ts';
import { formatPath, type Path } from '../../manifest/problem.ts';
import { isCidr, isIp } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

/** One value that cannot stay. */
export interface BadValue {
  index: number;
  /** Follows the value: `is not an IP address`. */
  text: string;
  /** As in ProblemExtra; the reference names the list and not the rule, so equal values of two rules count as one. */
  same: string;
}

/** What is wrong with the values of the list `key`, in their order. */
export type ValueRule = (values: readonly string[], key: string) => BadValue[];

export const checkAddresses: ValueRule = (values) =>
  badValues(values, (value) => {
    if (!value.includes('/')) return isIp(value) ? undefined : 'is not an IP address';
    return isCidr(value) ? undefined : `is not a CIDR range: ${cidrReason(value)} (netip.ParsePrefix)`;
  });

function cidrReason(value: string): string {
  const slash = value.lastIndexOf('/');
  const address = value.slice(0, slash);
  if (isIp(address) && !address.includes('%')) {
    return /^(?:\d|[1-9]\d+)$/.test(value.slice(slash + 1)) ? 'the prefix length is out of range' : 'the prefix length is not a number';
  }
  if (isIp(address)) return 'an address with a zone has no ranges';
  const forms = '4 numbers up to 255, or groups of up to 4 hexadecimal digits, where the last 2 can be an IPv4 address';
  return `the address before the slash is not one (ParseAddr): ${forms}`;
}

/** Zero is allowed, unlike elsewhere. */
export const checkPorts: ValueRule = (values) =>
  badValues(values, (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number <= 65535) return undefined;
    return `is not a port from 0 to 65535${number < 2 ** 32 ? '' : ' (strconv.ParseUint)'}`;
  });

export const checkNotEmpty: ValueRule = (values, key) =>
  likeFirst(values.flatMap((value, index) => (value === '' ? [{ index, text: 'is empty', same: `empty value in ${key}` }] : [])));

/** `account` or `namespace/account`, and not too many. */
export const checkServiceAccounts: ValueRule = (values, key) => {
  if (values.length > 16) return [{ index: 16, text: `is one too many: there can be 16 at most`, same: 'more than 16 service accounts' }];
  const bad = values.flatMap((value, index) => {
    const text = serviceAccountProblem(value);
    if (text === undefined) return [];
    const named = value !== '' && !value.includes('*');
    return [{ index, text, same: named ? `service account ${value} in ${key}: ${text}` : `service account in ${key}: ${text}` }];
  });
  return likeFirst(bad);
};

function serviceAccountProblem(value: string): string | undefined {
  if (value === '') return 'is empty';
  if (value.includes('*')) return 'has a wildcard, and service accounts are named in full';
  const parts = value.split('/');
  if (parts.length > 2 || parts.includes('')) return 'is not of the form serviceAccount or namespace/serviceAccount';
  return value.length > 320 ? 'is longer than 320 characters' : undefined;
}

/** Paths with `{*}` (one segment) and `{**}` (any rest, the last operator): whole segments, the others as RFC 3986 has them. */
export const checkPathTemplates: ValueRule = (values, key) =>
  likeFirst(
    values.flatMap((value, index) => {
      const text = pathTemplateProblem(value);
      return text === undefined ? [] : [{ index, text, same: `path ${value.replace(/^\/+|\/+$/g, '')} in ${key}: ${text}` }];
    }),
  );

function badValues(values: readonly string[], problemOf: (value: string) => string | undefined): BadValue[] {
  return values.flatMap((value, index) => {
    const text = problemOf(value);
    return text === undefined ? [] : [{ index, text, same: `value ${value} ${text}` }];
  });
}

/** The reference stops at the first bad value of such a list, so there the others count as that one. */
function likeFirst(bad: BadValue[]): BadValue[] {
  const [first] = bad;
  return first ? bad.map((b) => ({ ...b, same: first.same })) : bad;
}

/** Reports each bad value where it is written. */
export function reportValues(sink: ProblemSink, path: Path, values: readonly string[] | undefined, rule: ValueRule): void {
  if (!values) return;
  for (const { index, text, same } of rule(values, String(path[path.length - 1]))) {
    sink.error([...path, index], `${formatPath(path)} has ${JSON.stringify(values[index])}, which ${text}`, { same });
  }
}
