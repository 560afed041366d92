// Random policies and requests, of few values so that they often have to do with each other.
import fc from 'fast-check';
import type { AuthorizationCondition, AuthorizationRule, AuthorizationStages, TextMatcher } from '../../src/ir/authorization.ts';
import { ExchangeRecord } from '../../src/proxy/core/exchange-record.ts';
import { pathEndOf } from '../../src/proxy/core/path.ts';

const namespaces = ['shop', 'ops', 'a.b'];
const accounts = ['cart', 'admin', 'x.y'];
const identity = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom('cluster.local', 'td2'), fc.constantFrom(...namespaces), fc.constantFrom(...accounts))
      .map(([domain, namespace, account]) => `spiffe://${domain}/ns/${namespace}/sa/${account}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('spiffe://td2/ns/shop/ns/ops/sa/cart', 'spiffe://td2/ns/ops/x/sa/admin/y', 'CN=cart', '/ns/shop/', 'a\n/ns/shop/b', ''),
  },
);
const segment = fc.constantFrom('', 'a', 'ab', 'A', 'b', 'x=1', 'a.b', '%2F', 'c*', 'a+b');
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => `/${all.join('/')}`);
const template = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(fc.constantFrom('a', 'ab', '*', '**', '*b', '**/b', '', 'a+b', '*.b'), { minLength: 1, maxLength: 4 })
      .map((all) => `/${all.join('/')}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'a', '/', '/{*}', '/a*', '/***', '/**/*', '/**b/c', '//', '/a b') },
);
const host = fc.constantFrom('app', 'APP', 'app:8080', 'b.app', '', 'h.example.com');
const method = fc.constantFrom('GET', 'get', 'POST', 'DELETE', '');
const text = fc.constantFrom('a', 'ab', 'b', '', 'A', 'a,b', 'bob', 'a\nb');
const expression = fc.constantFrom('.*', '.+', 'a.*', '.*b', '.*a.*', '(a|b)+', '/a/.*', '/ab?', '(', '[', '(?i)A', '(?=a)', 'a.b', '');
const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.1.0.1', '192.168.7.7', '2001:db8::1', '2001:db8:1::1', '::ffff:10.0.0.1', '', 'nobody');
const cidr = fc.constantFrom(
  '10.0.0.0/8',
  '10.0.0.0/30',
  '10.0.0.1',
  '10.0.0.1/32',
  '0.0.0.0/0',
  '2001:db8::/32',
  '2001:db8::1/128',
  '::/0',
  '10.0.0.0/33',
  'x',
);
const port = fc.constantFrom(80, 8080, 9000);

function matcherOf(value: fc.Arbitrary<string>): fc.Arbitrary<TextMatcher> {
  const ignoreCase = fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.constant({ ignoreCase: true }) });
  const kinds = fc.constantFrom('exact' as const, 'exact' as const, 'prefix' as const, 'suffix' as const);
  const part = fc.tuple(kinds, value, fc.nat({ max: 8 }), ignoreCase).map(([kind, whole, cut, more]): TextMatcher => {
    const own = kind === 'exact' ? whole : kind === 'prefix' ? whole.slice(0, Math.max(1, whole.length - cut)) : whole.slice(-Math.max(1, whole.length - cut));
    return { kind, value: own, ...more };
  });
  return fc.oneof(
    { weight: 7, arbitrary: part },
    { weight: 1, arbitrary: expression.map((value) => ({ kind: 'regex' as const, value })) },
    { weight: 1, arbitrary: fc.constant({ kind: 'present' as const }) },
  );
}

const identityRegex = fc.oneof(
  fc.constantFrom(...namespaces, '*', 's*p').map((name) => `.*/ns/${name.replaceAll('.', '\\.').split('*').join('.*')}/.*`),
  fc
    .tuple(fc.constantFrom(...namespaces), fc.constantFrom(...accounts))
    .map(([namespace, account]) => `spiffe://.+/ns/${namespace.replaceAll('.', '\\.')}/(.+/|)sa/${account.replaceAll('.', '\\.')}(/.+)?`),
  fc.constantFrom('cart', '/sa/cart', '/ns/ops/sa/admin', 'shop/sa/cart').map((end) => `spiffe://.*${end}`),
);
const headerName = fc.constantFrom('x-a', 'X-B', 'x-c', 'host', ':method', ':path', ':authority', ':status');

const leaf: fc.Arbitrary<AuthorizationCondition> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<AuthorizationCondition>({ kind: 'any' }, { kind: 'never' }) },
  {
    weight: 3,
    arbitrary: fc
      .oneof(
        matcherOf(identity),
        identityRegex.map((value): TextMatcher => ({ kind: 'regex', value })),
      )
      .map((match) => ({ kind: 'peer' as const, match })),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('source-ip' as const, 'remote-ip' as const, 'destination-ip' as const), cidr }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('destination-port' as const), port }) },
  { weight: 2, arbitrary: matcherOf(method).map((match) => ({ kind: 'method' as const, match })) },
  { weight: 1, arbitrary: matcherOf(host).map((match) => ({ kind: 'server-name' as const, match })) },
  { weight: 1, arbitrary: matcherOf(host).map((match) => ({ kind: 'host' as const, match })) },
  { weight: 4, arbitrary: matcherOf(path).map((match) => ({ kind: 'path' as const, match })) },
  { weight: 2, arbitrary: template.map((value) => ({ kind: 'path-template' as const, template: value })) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('header' as const), name: headerName, match: matcherOf(text) }) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(['sub'], ['aud'], ['a', 'b'], ['toString'], []), matcherOf(text), fc.boolean())
      .map(([at, match, textOnly]) => ({ kind: 'claim' as const, path: at, match, ...(textOnly ? { textOnly } : {}) }) as AuthorizationCondition),
  },
  {
    weight: 1,
    arbitrary: fc.constant<AuthorizationCondition>({ kind: 'metadata', filter: 'envoy.filters.http.x', path: ['k'], match: { kind: 'present' }, list: false }),
  },
);

const { condition } = fc.letrec<{ condition: AuthorizationCondition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 5, arbitrary: leaf },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom('all' as const, 'some' as const), of: fc.array(tie('condition'), { maxLength: 4 }) }),
    },
    { weight: 1, arbitrary: tie('condition').map((of) => ({ kind: 'not' as const, of })) },
  ),
}));

const side = fc.array(condition, { minLength: 1, maxLength: 3 });
const anything: AuthorizationCondition[] = [{ kind: 'any' }];
const exact = (value: fc.Arbitrary<string>) => value.map((text) => ({ kind: 'exact' as const, value: text }));
const prefix = (value: fc.Arbitrary<string>) => value.map((text) => ({ kind: 'prefix' as const, value: text }));

/** Of every form. */
const anyRule = { permissions: fc.oneof({ weight: 1, arbitrary: fc.constant(anything) }, { weight: 2, arbitrary: side }), principals: side };

/** As people write them, and many: what they ask for first tells them apart. */
const plainRule = {
  permissions: fc.oneof(
    fc.constant(anything),
    fc.array(
      fc.oneof(
        exact(path).map((match) => ({ kind: 'path' as const, match })),
        prefix(path).map((match) => ({ kind: 'path' as const, match })),
        exact(method).map((match) => ({ kind: 'method' as const, match })),
        exact(host).map((match) => ({ kind: 'host' as const, match: { ...match, ignoreCase: true } })),
        template.map((value) => ({ kind: 'path-template' as const, template: value })),
        port.map((value) => ({ kind: 'destination-port' as const, port: value })),
        fc.tuple(exact(path), exact(method)).map(([p, m]) => ({
          kind: 'all' as const,
          of: [
            { kind: 'path' as const, match: p },
            { kind: 'method' as const, match: m },
          ],
        })),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  ),
  principals: fc.oneof(
    fc.constant(anything),
    fc.array(
      fc.oneof(
        exact(identity).map((match) => ({ kind: 'peer' as const, match })),
        identityRegex.map((value) => ({ kind: 'peer' as const, match: { kind: 'regex' as const, value } })),
        fc.record({ kind: fc.constantFrom('source-ip' as const, 'remote-ip' as const), cidr }),
        fc.record({ kind: fc.constant('header' as const), name: headerName, match: exact(text) }),
        exact(text).map((match) => ({ kind: 'claim' as const, path: ['sub'], match })),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  ),
};

const origin = { kind: 'AuthorizationPolicy', namespace: 'shop', name: 'p', path: [] };

/** Names are unique, as those of policies and their rules are. */
function rules(of: typeof anyRule | typeof plainRule, most: number): fc.Arbitrary<AuthorizationRule[]> {
  const name = fc.nat({ max: 999 }).map((n) => `ns[shop]-policy[p${n % 97}]-rule[${n}]`);
  const rule = fc.record({ name, permissions: of.permissions, principals: of.principals, origin: fc.constant(origin) }) as fc.Arbitrary<AuthorizationRule>;
  return fc.uniqueArray(rule, { maxLength: most, size: 'max', selector: (one) => one.name });
}

/** @param most rules of an action; more than a few, so that they are looked up */
export function stages(most: number): fc.Arbitrary<AuthorizationStages> {
  const custom = fc.tuple(rules(anyRule, 2), fc.boolean()).map(([own, isThere]) => ({
    provider: 'p',
    rules: own,
    ...(isThere ? { authorizer } : {}),
  }));
  const some = fc.oneof(rules(anyRule, 2), rules(plainRule, most));
  const optional = fc.option(fc.oneof({ weight: 1, arbitrary: rules(anyRule, 10) }, { weight: 3, arbitrary: rules(plainRule, most) }), {
    nil: undefined,
    freq: 4,
  });
  return fc
    .tuple(fc.array(custom, { maxLength: 1 }), rules(anyRule, 6), some, optional, rules(plainRule, most))
    .map(([customs, audit, deny, allow, dryRun]) => ({ custom: customs, audit, deny, ...(allow ? { allow } : {}), dryRun: { deny: dryRun, allow: dryRun } }));
}

const authorizer = {
  protocol: 'http' as const,
  cluster: 'outbound|8000||authz.shop.svc.cluster.local',
  authority: 'authz.shop.svc.cluster.local',
  timeoutMs: 1000,
  failOpen: false,
  statusOnError: 403,
  pathPrefix: '',
  requestHeaders: [],
  additionalHeaders: [],
  upstreamHeaders: [],
  denialHeaders: [],
  responseHeaders: [],
  clearRouteCache: false,
};

const claims = fc.constantFrom<unknown>(
  undefined,
  {},
  { sub: 'bob', aud: ['a', 'b', 3], a: { b: 'a' } },
  { sub: ['bob', 'a'], aud: 'ab', a: 'b' },
  { sub: 7, aud: null, a: { b: [true, 'A'] } },
  'ab',
);

export const request: fc.Arbitrary<ExchangeRecord> = fc
  .record({
    method,
    path: fc.oneof(
      { weight: 8, arbitrary: fc.tuple(path, fc.constantFrom('', '?', '?a=/a/b')).map((parts) => parts.join('')) },
      { weight: 1, arbitrary: fc.constant('') },
    ),
    authority: host,
    serverName: host,
    headers: fc.array(fc.tuple(fc.constantFrom('x-a', 'x-b', 'x-d'), text), { maxLength: 4 }).map((all) => all.flat()),
    claims,
    peerUriSans: fc.array(identity, { maxLength: 2 }),
    peerDnsSans: fc.array(host, { maxLength: 1 }),
    peerSubject: fc.constantFrom('', 'CN=cart', '/ns/shop/'),
    peerAddress: address,
    remoteAddress: address,
    localAddress: address,
    localPort: port,
  })
  .map((parts) => Object.assign(new ExchangeRecord(), { ...parts, pathEnd: pathEndOf(parts.path), scheme: 'http' }));
