// Examples of `weft diff` for changed policies: each is decided otherwise by the naive evaluator, too, and where many random requests find a
// difference, so do they nearly always.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestAuthentication } from '../../src/ir/authentication.ts';
import type { AuthorizationRule, AuthorizationStages } from '../../src/ir/authorization.ts';
import type { Security } from '../../src/ir/table.ts';
import { naiveDecision } from '../../src/proxy/core/authorization/naive.ts';
import { ExchangeRecord } from '../../src/proxy/core/exchange-record.ts';
import { parseIp } from '../../src/proxy/core/ip.ts';
import { pathEndOf } from '../../src/proxy/core/path.ts';
import { AccessExamples } from '../../src/route-diff/access/examples.ts';
import { usual } from '../../src/route-diff/access/parts.ts';
import type { AccessExample } from '../../src/route-diff/change.ts';
import { securityChanges } from '../../src/route-diff/security.ts';
import { namedProxy } from '../../src/translate/workload-identity.ts';
import { request, stages } from './arbitraries.ts';

const proxy = namedProxy('sidecar', 'shop', 'cart');

/** Every token is taken, so that claims are known. */
const authentication: RequestAuthentication = {
  routesByClaims: false,
  providers: [
    {
      name: 'origins-0',
      issuer: '',
      audiences: [],
      keys: { kind: 'inline', jwks: '{"keys":[]}' },
      headers: [],
      params: [],
      cookies: [],
      forward: false,
      claimHeaders: [],
      spaceDelimitedClaims: [],
      origin: { kind: 'RequestAuthentication', namespace: 'shop', name: 'a', path: ['spec', 'jwtRules', 0] },
    },
  ],
};

const securityOf = (http: AuthorizationStages): Security => ({ authorization: { http, tcp: { custom: [], audit: [], deny: [] } }, authentication });

function examplesOf(old: AuthorizationStages, now: AuthorizationStages): AccessExample[] {
  const [before, after] = [securityOf(old), securityOf(now)];
  const finder = new AccessExamples();
  return securityChanges(before, after).flatMap(({ asked }) => (asked && finder.of({ ...asked, proxy })) || []);
}

function subjectOf({ request: { method, host, path, port, headers = [], claims }, from }: AccessExample): ExchangeRecord {
  const peerAddress = from.sourceIp ?? usual.sourceIp;
  return Object.assign(new ExchangeRecord(), {
    method,
    authority: host,
    path,
    pathEnd: pathEndOf(path),
    scheme: 'http',
    headers: headers.flat(),
    claims,
    peerUriSans: from.principal === undefined ? [] : [from.principal],
    peerAddress,
    remoteAddress: from.remoteIp ?? peerAddress,
    localAddress: from.destinationIp ?? usual.destinationIp,
    localPort: port ?? usual.port,
    serverName: from.serverName ?? '',
  });
}

/** What a client can send, and a proxy takes as it is. */
function isSendable({
  method,
  authority,
  path,
  headers,
  peerUriSans,
  peerDnsSans,
  peerSubject,
  peerAddress,
  remoteAddress,
  localAddress,
  claims,
}: ExchangeRecord): boolean {
  return (
    method !== '' &&
    authority !== '' &&
    /^\/[^%]*$/.test(path) &&
    !path.includes('//') &&
    headers.every((text) => !text.includes('\n')) &&
    peerUriSans.length < 2 &&
    peerUriSans.every((name) => /^spiffe:\/\/[^/\s]+\/[!-~]+$/.test(name)) &&
    peerDnsSans.length === 0 &&
    peerSubject === '' &&
    [peerAddress, remoteAddress, localAddress].every((address) => parseIp(address) !== undefined) &&
    typeof claims !== 'string'
  );
}

const allowed = (policies: AuthorizationStages, subject: ExchangeRecord): boolean => naiveDecision(policies, subject).allowed;

/** One rule is not what it was. */
function mutated(policies: AuthorizationStages, kind: number, pick: number, other: AuthorizationRule): AuthorizationStages {
  const field = pick % 2 === 0 || !policies.allow ? 'deny' : 'allow';
  const rules = [...(policies[field] ?? [])];
  const at = rules.length === 0 ? 0 : pick % rules.length;
  const own = rules[at];
  if (kind === 0 || !own) rules.push({ ...other, name: 'ns[shop]-policy[new]-rule[0]' });
  else if (kind === 1) rules.splice(at, 1);
  else if (kind === 2) rules[at] = { ...own, permissions: other.permissions };
  else if (kind === 3) rules[at] = { ...own, principals: other.principals };
  else rules[at] = { ...own, permissions: own.permissions.map((of) => ({ kind: 'not' as const, of })) };
  return { ...policies, [field]: rules };
}

const pair = fc
  .tuple(stages(8), stages(8), fc.nat({ max: 4 }), fc.nat({ max: 1000 }))
  .filter(([, more]) => more.deny.length > 0)
  .map(([policies, more, kind, pick]) => {
    const old: AuthorizationStages = { ...policies, custom: [], audit: [] };
    return { old, now: mutated(old, kind, pick, more.deny[pick % more.deny.length] as AuthorizationRule) };
  });

const [pairs, requests] = [Number(process.env.DIFF_PAIRS ?? 80), Number(process.env.DIFF_REQUESTS ?? 800)];

describe('random changes of one rule', () => {
  const random = fc.sample(request.filter(isSendable), { numRuns: requests, seed: 7 });
  const all = fc.sample(pair, { numRuns: pairs, seed: 7 });

  it('examples are decided otherwise, and are found where there are some', { timeout: 120_000 }, () => {
    let differing = 0;
    let found = 0;
    let more = 0;
    for (const { old, now } of all) {
      const examples = examplesOf(old, now);
      for (const example of examples) {
        const subject = subjectOf(example);
        expect(allowed(old, subject), JSON.stringify(example)).not.toBe(allowed(now, subject));
        expect(example.old.startsWith('allowed'), JSON.stringify(example)).toBe(allowed(old, subject));
        expect(example.new.startsWith('allowed'), JSON.stringify(example)).toBe(allowed(now, subject));
      }
      const naive = random.find((subject) => allowed(old, subject) !== allowed(now, subject));
      if (naive) differing++;
      if (naive && examples.length > 0) found++;
      if (!naive && examples.length > 0) more++;
      if (naive && examples.length === 0 && process.env.DIFF_VERBOSE)
        console.log(JSON.stringify({ changed: securityChanges(securityOf(old), securityOf(now)).map(({ asked }) => asked?.rules), naive }));
    }
    console.log(`examples for ${found} of ${differing} changes that ${requests} random requests show, and for ${more} more of ${all.length}`);
    expect(differing).toBeGreaterThan(pairs / 6);
    expect(found / differing).toBeGreaterThan(0.9);
  });
});
