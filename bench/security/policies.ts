// What a decision costs with few policies and with many: they are looked up by what they ask for first, so that it is the same.
//
//   node bench/security/policies.ts [--rounds N]
import { parseArgs } from 'node:util';
import type { AuthorizationCondition, AuthorizationRule, AuthorizationStages } from '../../src/ir/authorization.ts';
import { CompiledStages } from '../../src/proxy/core/authorization/stages.ts';
import { ExchangeRecord } from '../../src/proxy/core/exchange-record.ts';
import { pathEndOf } from '../../src/proxy/core/path.ts';
import { median } from '../measure.ts';
import { goal, number, ratio, table } from '../proxy/report.ts';

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(flags.rounds);
const few = 10;
const many = 1000;
/** Decisions of a round. */
const decisions = 200_000;

type Side = readonly AuthorizationCondition[];
const any: Side = [{ kind: 'any' }];
const exact = (value: string) => ({ kind: 'exact' as const, value });
const path = (value: string): AuthorizationCondition => ({ kind: 'path', match: exact(value) });
const peer = (match: Extract<AuthorizationCondition, { kind: 'peer' }>['match']): AuthorizationCondition => ({ kind: 'peer', match });
const identity = (i: number): string => `spiffe://cluster.local/ns/ns-${i % 97}/sa/account-${i}`;

/** Policies as people write them, by what tells them apart. */
const kinds: Readonly<Record<string, (i: number) => [permissions: Side, principals: Side]>> = {
  'exact paths': (i) => [[path(`/api/v1/resource-${i}`)], any],
  'prefixes of paths': (i) => [[{ kind: 'path', match: { kind: 'prefix', value: `/api/v1/resource-${i}/` } }], any],
  'path templates': (i) => [[{ kind: 'path-template', template: `/api/resource-${i}/*/items/**` }], any],
  'one path, by method and caller': (i) => [
    [{ kind: 'all', of: [path('/api/v1/orders'), { kind: 'method', match: exact(['GET', 'POST', 'PUT'][i % 3] as string) }] }],
    [peer(exact(identity(i)))],
  ],
  principals: (i) => [any, [peer(exact(identity(i)))]],
  namespaces: (i) => [any, [peer({ kind: 'regex', value: `.*/ns/team-${i}/.*` })]],
  'service accounts': (i) => [any, [peer({ kind: 'regex', value: `spiffe://.+/ns/shop/(.+/|)sa/account-${i}(/.+)?` })]],
  ports: (i) => [[{ kind: 'destination-port', port: 10_000 + i }], any],
  'source addresses': (i) => [any, [{ kind: 'source-ip', cidr: `10.${i >> 8}.${i & 255}.0/24` }]],
  'a header': (i) => [any, [{ kind: 'header', name: 'x-tenant', match: exact(`tenant-${i}`) }]],
  'claims of a token': (i) => [
    any,
    [
      {
        kind: 'all',
        of: [
          { kind: 'claim', path: ['iss'], match: exact('https://issuer.example') },
          { kind: 'claim', path: ['sub'], match: exact(`user-${i}`) },
        ],
      },
    ],
  ],
};

function rules(of: (i: number) => [Side, Side], count: number): AuthorizationRule[] {
  return Array.from({ length: count }, (_, i) => {
    const [permissions, principals] = of(i);
    const name = `ns[shop]-policy[p${i}]-rule[0]`;
    return { name, permissions, principals, origin: { kind: 'AuthorizationPolicy', namespace: 'shop', name, path: ['spec', 'rules', 0] } };
  });
}

/** A request that one of the policies is for, or none. */
function request(kind: number): ExchangeRecord {
  const target = [`/api/v1/resource-${kind}`, `/api/v1/resource-${kind}/items/3?full=1`, `/api/resource-${kind}/7/items/3`, '/api/v1/orders', '/other'][
    kind % 5
  ] as string;
  return Object.assign(new ExchangeRecord(), {
    method: kind % 2 ? 'POST' : 'GET',
    path: target,
    pathEnd: pathEndOf(target),
    authority: 'shop.example',
    scheme: 'http',
    headers: ['user-agent', 'bench', 'x-tenant', `tenant-${kind}`, 'x-request-id', '4bf92f35-77b3-4da6-a3ce-929d0e0e4736'],
    claims: { iss: 'https://issuer.example', sub: `user-${kind}` },
    peerUriSans: [kind % 3 ? identity(kind) : `spiffe://cluster.local/ns/team-${kind}/sa/account-${kind}`],
    peerAddress: `10.0.${kind % 256}.9`,
    remoteAddress: `10.0.${kind % 256}.9`,
    localAddress: '10.0.0.1',
    localPort: 10_000 + kind,
  });
}

const requests = Array.from({ length: 16 }, (_, i) => request(i));

/** Nanoseconds of a decision, and how many were allowed. */
function cost(stages: CompiledStages): { ns: number; allowed: number } {
  let allowed = 0;
  const began = process.cpuUsage();
  for (let i = 0; i < decisions; i++) if (stages.decide(requests[i & 15] as ExchangeRecord).allowed) allowed++;
  const { user, system } = process.cpuUsage(began);
  return { ns: ((user + system) * 1000) / decisions, allowed };
}

const stagesOf = (of: (i: number) => [Side, Side], count: number): CompiledStages => {
  const all: AuthorizationStages = { custom: [], audit: [], deny: rules((i) => of(i + 5000), count), allow: rules(of, count) };
  return new CompiledStages(all);
};

const rows: string[][] = [];
const ratios: number[] = [];
for (const [name, of] of Object.entries(kinds)) {
  const small = stagesOf(of, few);
  const began = performance.now();
  const large = stagesOf(of, many);
  const compiled = performance.now() - began;
  const seen = { small: [] as number[], large: [] as number[] };
  // Each in turn, so that a busy moment of the machine hits both; the first round only makes the code ready.
  for (let round = 0; round <= rounds; round++) {
    const [a, b] = [cost(small), cost(large)];
    if (round === 0) continue;
    seen.small.push(a.ns);
    seen.large.push(b.ns);
  }
  const [s, l] = [median(seen.small), median(seen.large)];
  ratios.push(l / s);
  rows.push([name, number(s, 0), number(l, 0), ratio(l, s), number(compiled, 1)]);
}
console.log(table(['policies by', `ns, ${few} + ${few}`, `ns, ${many} + ${many}`, 'ratio', `ms to compile ${many} + ${many}`], rows));
goal(`a decision with ${many} DENY and ${many} ALLOW policies, beside ${few} of each`, median(ratios), 1, 1.5);
