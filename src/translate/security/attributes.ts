// What rules of AuthorizationPolicies can ask: the fields of sources and operations, and the keys of conditions (SEC-R24 to R28).
import type { AuthorizationCondition } from '../../ir/authorization.ts';
import { isCidr, isIp, isIpv4 } from '../../manifest/ip.ts';
import type { Operation, Source } from '../../manifest/istio/security.gen.ts';
import { isPathTemplate, pathTemplateProblem } from '../../manifest/path-template.ts';
import { inAllTrustDomains, namespaceMatcher, principalMatcher, serviceAccountMatcher } from './identities.ts';
import { headerMatcher, ignoringCase, listedHeaderMatcher, notEmpty, valueMatcher } from './value-matchers.ts';

/** The policy that a value is written in. */
export interface PolicyContext {
  namespace: string;
  /** Of the mesh: its own, then its aliases. */
  trustDomains: readonly string[];
}

/** Why a value cannot be checked, as the end of a sentence: `is no port`. */
export interface Refusal {
  problem: string;
}

/** Something that a request or a connection has. */
export interface Attribute {
  /** It is about what is asked for, or about who asks. */
  side: 'permission' | 'principal';
  /** Connections without HTTP do not have it (SEC-R29). */
  onlyHttp?: true;
  /** Of a token, which is verified after the provider of a CUSTOM policy was asked. */
  ofToken?: true;
  /** One value stands alone where others are one of a list: so Envoy is told. */
  bare?: true;
  expand?(value: string, context: PolicyContext): string[];
  matches(value: string, context: PolicyContext): AuthorizationCondition | Refusal;
}

function principal(kind: 'source-ip' | 'remote-ip'): Attribute {
  return { side: 'principal', matches: (value) => withCidr(value, (cidr) => ({ kind, cidr })) };
}

function withCidr(value: string, make: (cidr: string) => AuthorizationCondition): AuthorizationCondition | Refusal {
  if (isCidr(value)) return make(value);
  // A zone is one of a machine's interfaces.
  if (!isIp(value) || value.includes('%')) return { problem: 'is neither an IP address nor a range' };
  return make(`${value}/${isIpv4(value) ? 32 : 128}`);
}

const port: Attribute = {
  side: 'permission',
  matches: (value) => {
    const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
    return number <= 65535 ? { kind: 'destination-port', port: number } : { problem: 'is no port' };
  },
};

const longestTemplate = 256;

const path: Attribute = {
  side: 'permission',
  onlyHttp: true,
  matches: (value) => {
    if (!isPathTemplate(value)) return { kind: 'path', match: valueMatcher(value) };
    // Envoy ends at other templates.
    const whole = value.startsWith('/') && !value.includes('//') && value.length <= longestTemplate;
    const problem = whole
      ? pathTemplateProblem(value)
      : `is no template: each of its segments begins with one slash, and it has up to ${longestTemplate} characters`;
    if (problem !== undefined) return { problem };
    return { kind: 'path-template', template: value.replaceAll('{*}', '*').replaceAll('{**}', '**') };
  },
};

const method: Attribute = { side: 'permission', onlyHttp: true, matches: (value) => ({ kind: 'method', match: headerMatcher(value) }) };
const host: Attribute = { side: 'permission', onlyHttp: true, matches: (value) => ({ kind: 'host', match: ignoringCase(headerMatcher(value)) }) };

const peer: Attribute = {
  side: 'principal',
  expand: (value, { trustDomains }) => inAllTrustDomains(value, trustDomains),
  matches: (value) => ({ kind: 'peer', match: principalMatcher(value) }),
};
const namespace: Attribute = { side: 'principal', matches: (value) => ({ kind: 'peer', match: namespaceMatcher(value) }) };
const serviceAccount: Attribute = {
  side: 'principal',
  matches: (value, context) => ({ kind: 'peer', match: serviceAccountMatcher(value, context.namespace) }),
};

/** Issuer and subject (SEC-R26). */
const requestPrincipal: Attribute = {
  side: 'principal',
  onlyHttp: true,
  ofToken: true,
  bare: true,
  matches: (value) => {
    // An issuer may be a URL.
    const slash = value.lastIndexOf('/');
    const issuer = slash < 0 ? value : value.slice(0, slash);
    const subject = value.slice(slash + 1);
    const alone = slash < 0;
    const of = (claim: string, match: ReturnType<typeof valueMatcher>): AuthorizationCondition => ({ kind: 'claim', path: [claim], match, textOnly: true });
    const both = (iss: ReturnType<typeof valueMatcher>, sub: ReturnType<typeof valueMatcher>): AuthorizationCondition => ({
      kind: 'all',
      of: [of('iss', iss), of('sub', sub)],
    });
    if (value === '*') return both(notEmpty, notEmpty);
    if (value.startsWith('*')) return alone ? both(notEmpty, valueMatcher(value)) : both(valueMatcher(issuer), exactly(subject));
    if (value.endsWith('*')) return alone ? both(valueMatcher(value), notEmpty) : both(exactly(issuer), valueMatcher(subject));
    return both(exactly(issuer), exactly(alone ? '' : subject));
  },
};

function exactly(value: string): ReturnType<typeof valueMatcher> {
  return { kind: 'exact', value };
}

function claim(names: readonly string[]): Attribute {
  return { side: 'principal', onlyHttp: true, ofToken: true, bare: true, matches: (value) => ({ kind: 'claim', path: names, match: valueMatcher(value) }) };
}

/** In the order in which they are checked. */
export const sourceFields: readonly (readonly [field: keyof Source, notField: keyof Source, attribute: Attribute])[] = [
  ['principals', 'notPrincipals', peer],
  ['requestPrincipals', 'notRequestPrincipals', requestPrincipal],
  ['serviceAccounts', 'notServiceAccounts', serviceAccount],
  ['namespaces', 'notNamespaces', namespace],
  ['remoteIpBlocks', 'notRemoteIpBlocks', principal('remote-ip')],
  ['ipBlocks', 'notIpBlocks', principal('source-ip')],
];

export const operationFields: readonly (readonly [field: keyof Operation, notField: keyof Operation, attribute: Attribute])[] = [
  ['hosts', 'notHosts', host],
  ['methods', 'notMethods', method],
  ['paths', 'notPaths', path],
  ['ports', 'notPorts', port],
];

const conditions: Readonly<Record<string, Attribute>> = {
  'source.ip': principal('source-ip'),
  'remote.ip': principal('remote-ip'),
  'source.namespace': namespace,
  'source.serviceAccount': serviceAccount,
  'source.principal': peer,
  'request.auth.principal': requestPrincipal,
  'request.auth.audiences': claim(['aud']),
  'request.auth.presenter': claim(['azp']),
  'destination.ip': { side: 'permission', matches: (value) => withCidr(value, (cidr) => ({ kind: 'destination-ip', cidr })) },
  'destination.port': port,
  'connection.sni': { side: 'permission', matches: (value) => ({ kind: 'server-name', match: valueMatcher(value) }) },
};

/** Keys that end in names in brackets. */
const named: readonly (readonly [prefix: string, make: (brackets: string) => Attribute | undefined])[] = [
  ['request.headers', (brackets) => header(brackets, headerMatcher)],
  ['request.experimental.inline.headers', (brackets) => header(brackets, listedHeaderMatcher)],
  [
    'request.auth.claims',
    (brackets) => {
      const names = /^(?:\[[^[\]]+\])+$/.test(brackets) ? brackets.slice(1, -1).split('][') : undefined;
      return names && claim(names);
    },
  ],
];

function header(brackets: string, matcher: typeof headerMatcher): Attribute | undefined {
  const name = /^\[(:?[!#$%&'*+.^_`|~0-9A-Za-z-]+)\]$/.exec(brackets)?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  return { side: 'principal', onlyHttp: true, matches: (value) => ({ kind: 'header', name, match: matcher(value) }) };
}

const filterPrefix = 'experimental.';

/** `experimental.envoy.filters.a.b[key]`; a value in brackets is one of a list. */
function filterMetadata(key: string): Attribute | undefined {
  const [, filter, name] = /^experimental\.(envoy\.filters\.[^[]+)\[(.+)\]$/s.exec(key) ?? [];
  if (filter === undefined || name === undefined) return undefined;
  return {
    side: 'permission',
    bare: true,
    matches: (value) => {
      const list = value.startsWith('[') && value.endsWith(']');
      return { kind: 'metadata', filter, path: [name], match: valueMatcher(list ? value.replace(/^\[+|\]+$/g, '') : value), list };
    },
  };
}

/** Undefined: there is no such key. */
export function conditionAttribute(key: string): Attribute | undefined {
  if (Object.hasOwn(conditions, key)) return conditions[key];
  if (key.startsWith(filterPrefix)) return filterMetadata(key);
  for (const [prefix, make] of named) if (key.startsWith(`${prefix}[`)) return make(key.slice(prefix.length));
  return undefined;
}
