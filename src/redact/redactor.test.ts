import { gzipSync } from 'node:zlib';
import { dump } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { Redactor } from './redactor.ts';
import { Tally } from './tally.ts';
import { jwtOf, leaksIn, privateKeyPem } from './testing.ts';

const redactor = new Redactor();
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const lines64 = (text: string): string => base64(text).replace(/(.{76})/g, '$1\n');
const pem = privateKeyPem();
const jwt = jwtOf({ iss: 'https://idp.example', sub: 'ana', exp: 1_900_000_000 });

/** Secrets of which the form says that they are some: they are found wherever they are. */
const byForm: readonly (readonly [string, string])[] = [
  ['a private key', pem],
  ['a private key of RSA', privateKeyPem(3, 'RSA PRIVATE KEY')],
  ['a private key of an elliptic curve', privateKeyPem(4, 'EC PRIVATE KEY')],
  ['a private key of OpenSSH', privateKeyPem(5, 'OPENSSH PRIVATE KEY')],
  ['an encrypted private key', privateKeyPem(6, 'ENCRYPTED PRIVATE KEY')],
  ['a token', jwt],
  ['a token without claims that end', jwtOf({ sub: 'x' })],
  ['an AWS key', 'AKIAIOSFODNN7EXAMPLE'],
  ['a Google key', `AIza${'Sy3'.repeat(11)}_-`],
  ['a GitHub token', `ghp_${'a1B2'.repeat(9)}`],
  ['a GitLab token', 'glpat-abcdefghij0123456789'],
  ['a Slack token', 'xoxb-123456789012-abcdefABCDEF'],
  ['a Stripe key', 'sk_live_4eC39HqLyjWDarjtT1zdp7dc'],
  ['a Vault token', 'hvs.CAESIJ1234567890abcdefghij'],
];

const anywhere: readonly (readonly [string, (secret: string) => unknown])[] = [
  ['a field', (secret) => ({ spec: { note: secret } })],
  ['a list', (secret) => ({ spec: { notes: ['x', secret] } })],
  ['a name of a field', (secret) => ({ spec: { [secret]: 1 } })],
  ['the middle of a text', (secret) => ({ spec: { note: `see ${secret} there` } })],
  ['JSON in a text', (secret) => ({ data: { 'config.json': JSON.stringify({ a: { b: secret } }) } })],
  ['JSON in JSON in a text', (secret) => ({ data: { a: JSON.stringify({ a: JSON.stringify({ b: secret }) }) } })],
  ['YAML in a text', (secret) => ({ data: { 'config.yaml': dump({ a: { b: secret }, c: 1 }) } })],
  ['base64', (secret) => ({ spec: { note: base64(secret) } })],
  ['base64 in lines', (secret) => ({ spec: { note: lines64(`some words before, so that it is long enough: ${secret}`) } })],
  ['base64 of base64', (secret) => ({ spec: { note: base64(base64(secret)) } })],
  ['base64 of JSON', (secret) => ({ spec: { note: base64(JSON.stringify({ a: secret })) } })],
  ['base64 behind other characters of it', (secret) => ({ spec: { note: `/x/${base64(secret)}` } })],
  ['a release of Helm', (secret) => ({ kind: 'ConfigMap', data: { release: base64(base64Gzip(JSON.stringify({ manifest: secret }))) } })],
];
const base64Gzip = (text: string): string => gzipSync(text).toString('base64');

describe('what is secret by its form is taken out wherever it is', () => {
  const table = byForm.flatMap(([kind, secret]) => anywhere.map(([place, plant]) => [kind, place, plant(secret), secret] as const));
  it.each(table)('%s in %s', (_kind, _place, planted, secret) => {
    const tally = new Tally();
    const out = redactor.value(planted, tally);
    expect(leaksIn(JSON.stringify(out), secret)).toEqual([]);
    expect(tally.total).toBeGreaterThan(0);
    expect(redactor.value(out)).toEqual(out);
  });

  const texts: readonly (readonly [string, (secret: string) => string])[] = [
    ['a log', (secret) => `info start\ninfo it is ${secret}\ninfo end\n`],
    ['a log of JSON', (secret) => `${JSON.stringify({ level: 'info', msg: `it is ${secret}`, more: { a: secret } })}\n`],
    ['a log of JSON in JSON', (secret) => `${JSON.stringify({ level: 'info', msg: JSON.stringify({ a: secret }) })}\n`],
    ['a query', (secret) => `"GET /pay?x=${encodeURIComponent(secret)}&y=2 HTTP/1.1" 200`],
    ['base64 in a log', (secret) => `info it is ${base64(secret)} so\n`],
  ];
  it.each(byForm.flatMap(([kind, secret]) => texts.map(([place, plant]) => [kind, place, plant(secret), secret] as const)))(
    '%s in %s',
    (_kind, _place, text, secret) => {
      const out = redactor.text(text);
      expect(leaksIn(out, secret)).toEqual([]);
      expect(redactor.text(out)).toBe(out);
    },
  );

  it('a private key with a time before each line, and one that is cut off at either end', () => {
    const log = pem
      .trim()
      .split('\n')
      .map((line, i) => `2026-01-02T03:04:${String(i).padStart(2, '0')}.123456789Z ${line}`);
    const bodies = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-'));
    for (const part of [log, log.slice(0, -3), log.slice(2)]) {
      const out = redactor.text(`2026-01-02T03:03:00Z before\n${part.join('\n')}\n2026-01-02T03:05:00Z after\n`);
      for (const line of bodies) expect(out).not.toContain(line);
      expect(out).toMatch(/before\n[\s\S]*\n[\s\S]*after\n$/);
    }
  });
});

const password = 'c0rrect-Horse_9';
/** Secrets that only their place tells. */
const byPlace: readonly (readonly [string, (secret: string) => unknown])[] = [
  ['data of a Secret', (secret) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, data: { a: base64(secret) } })],
  ['stringData of a Secret', (secret) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { a: secret } })],
  ['a Secret in a List', (secret) => ({ kind: 'List', items: [{ apiVersion: 'v1', kind: 'Secret', data: { a: base64(secret) } }] })],
  [
    'the copy in an annotation',
    (secret) => ({ metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"spec":{"a":"${secret}"}}` } } }),
  ],
  ['an annotation with such a name', (secret) => ({ metadata: { annotations: { 'example.com/api-token': secret } } })],
  ['a variable', (secret) => ({ env: [{ name: 'DB_PASSWORD', value: secret }] })],
  ['a flag', (secret) => ({ args: ['run', `--token=${secret}`] })],
  ['the argument behind a flag', (secret) => ({ args: ['run', '--password', secret] })],
  ['a command line', (secret) => ({ command: ['sh', '-c', `tool --api-key ${secret} --x`] })],
  ['a script', (secret) => ({ command: ['sh', '-c', `export DB_PASSWORD=${secret}\nrun`] })],
  ['an address', (secret) => ({ url: `postgres://app:${secret}@db.shop:5432/pay` })],
  ['a header that a VirtualService sets', (secret) => ({ http: [{ headers: { request: { set: { authorization: `Bearer ${secret}` } } } }] })],
  ['a header that a VirtualService matches', (secret) => ({ match: [{ headers: { 'x-api-key': { exact: secret } } }] })],
  ['a query that a VirtualService matches', (secret) => ({ match: [{ queryParams: { token: { prefix: secret } } }] })],
  ['a header of an HTTPRoute', (secret) => ({ filters: [{ requestHeaderModifier: { set: [{ name: 'Authorization', value: `Basic ${secret}` }] } }] })],
  ['a condition of an AuthorizationPolicy', (secret) => ({ when: [{ key: 'request.headers[x-api-key]', values: [secret] }] })],
  ['a condition that must not be', (secret) => ({ when: [{ key: 'request.headers[authorization]', notValues: [secret] }] })],
  ['ext_authz', (secret) => ({ envoyExtAuthzHttp: { includeAdditionalHeadersInCheck: { 'x-api-key': secret } } })],
  ['a private web key', (secret) => ({ jwks: JSON.stringify({ keys: [{ kty: 'oct', kid: 'a', k: secret }] }) })],
  ['a private web key of RSA', (secret) => ({ jwks: { keys: [{ kty: 'RSA', n: 'abc', e: 'AQAB', d: secret }] } })],
  ['a header in an EnvoyFilter', (secret) => ({ request_headers_to_add: [{ header: { key: 'authorization', value: secret } }] })],
  ['a matcher of Envoy', (secret) => ({ headers: [{ name: 'x-api-key', string_match: { safe_regex: { regex: secret } } }] })],
  ['a script of Lua', (secret) => ({ inlineCode: `function envoy_on_request(h)\n  h:headers():add("x-api-key", "${secret}")\nend` })],
  ['the private key of a dump', (secret) => ({ tls_certificate: { private_key: { inline_bytes: base64(secret) } } })],
  ['the private key of a dump, in text', (secret) => ({ tls_certificate: { private_key: { inline_string: secret } } })],
  ['a generic secret of a dump', (secret) => ({ generic_secret: { secret: { inline_string: secret } } })],
  ['keys of session tickets', (secret) => ({ session_ticket_keys: { keys: [{ inline_bytes: base64(secret) }] } })],
  ['a client secret of OAuth', (secret) => ({ credentials: { client_id: 'a', client_secret: secret } })],
  ['a kubeconfig in a ConfigMap', (secret) => ({ data: { kubeconfig: dump({ kind: 'Config', users: [{ name: 'a', user: { token: secret } }] }) } })],
  ['a key in a kubeconfig', (secret) => ({ data: { config: dump({ users: [{ name: 'a', user: { 'client-key-data': base64(secret) } }] }) } })],
  ['properties in a ConfigMap', (secret) => ({ data: { 'app.properties': `a=b\nspring.datasource.password=${secret}\nc=d\n` } })],
  ['a key of a ConfigMap', (secret) => ({ data: { DB_PASSWORD: secret } })],
  ['a file of a ConfigMap in base64', (secret) => ({ binaryData: { a: base64(`password: ${secret}\nuser: x\n`) } })],
  ['credentials of a registry', (secret) => ({ config: JSON.stringify({ auths: { 'r.example': { auth: base64(`me:${secret}`) } } }) })],
  ['a list of passwords', (secret) => ({ passwords: ['a-b-c-1', secret] })],
  ['a number', () => ({ password: 12345678 })],
];

describe('what is secret by its place', () => {
  it.each(byPlace)('in %s', (_place, plant) => {
    const tally = new Tally();
    const planted = plant(password);
    const out = redactor.value(planted, tally);
    expect(leaksIn(JSON.stringify(out), password)).toEqual([]);
    expect(JSON.stringify(out)).not.toContain('12345678');
    expect(tally.total).toBeGreaterThan(0);
    expect(redactor.value(out)).toEqual(out);
  });

  const inText: readonly (readonly [string, string])[] = [
    ['a header', `authorization: Bearer ${password}`],
    ['a header of a debug log', `'authorization', 'Basic ${password}'`],
    ['a header of a log of Go', `map[Authorization:[Bearer ${password}] X:[y]]`],
    ['a cookie', `cookie: a=1; session=${password}; b=2`],
    ['a cookie that is set', `Set-Cookie: sid=${password}; Path=/`],
    ['a query', `GET /pay?access_token=${password}&x=1 HTTP/1.1`],
    ['a signed address', `https://s3.example/x?X-Amz-Signature=${password}&y=1`],
    ['a query that is encoded', `redirect=https%3A%2F%2Fx%3Ftoken%3D${password}%26y%3D1`],
    ['JSON', `{"user":"a","password":"${password}"}`],
    ['JSON in JSON', JSON.stringify({ msg: JSON.stringify({ password }) })],
    ['JSON that is cut off', `..."a":1},"clientSecret":"${password}","b":`],
    ['a list in JSON', `{"tokens": ["x1y2", "${password}"]}`],
    ['a pod in a log', `patch: {"env":[{"name":"API_KEY","value":"${password}"}]}`],
    ['YAML', `a:\n  password: ${password}\n  b: c\n`],
    ['a block of YAML', `a:\n  password: |\n    ${password}\n  b: c\n`],
    ['a variable in YAML', `- name: DB_PASSWORD\n  value: "${password}"\n`],
    ['an environment', `PATH=/bin\nDB_PASSWORD=${password}\nHOME=/\n`],
    ['logfmt', `level=info token=${password} msg=x`],
    ['an address', `dial amqp://app:${password}@mq:5672 failed`],
    ['an address with a slash in its password', `dial amqp://app:${password}/x@mq failed`],
    ['a driver', `app:${password}@tcp(db:3306)/pay`],
    ['JDBC', `jdbc:sqlserver://db;user=a;password=${password};encrypt=true`],
    ['XML', `<password>${password}</password>`],
    ['a command', `curl -H 'X-Api-Key: ${password}' http://x`],
    ['a sentence', `the password: ${password} is wrong`],
    ['basic authentication', `Basic ${base64(`me:${password}`)}`],
  ];
  it.each(inText)('in %s', (_place, text) => {
    const out = redactor.text(text);
    expect(leaksIn(out, password)).toEqual([]);
    expect(redactor.text(out)).toBe(out);
  });
});

describe('what is no secret stays', () => {
  const certificate = `-----BEGIN CERTIFICATE-----\n${base64('no certificate, but nothing secret in it either')}\n-----END CERTIFICATE-----\n`;
  const stays: readonly (readonly [string, unknown])[] = [
    [
      'a VirtualService',
      {
        http: [
          {
            match: [{ uri: { prefix: '/pay' }, headers: { 'x-user': { exact: 'ana' } } }],
            route: [{ destination: { host: 'cart', subset: 'v1' } }],
            timeout: '2s',
          },
        ],
      },
    ],
    [
      'a RequestAuthentication',
      {
        jwtRules: [
          {
            issuer: 'https://idp',
            jwksUri: 'https://idp/keys',
            fromHeaders: [{ name: 'x-jwt', prefix: 'Bearer ' }],
            fromParams: ['access_token'],
            fromCookies: ['session'],
            forwardOriginalToken: true,
          },
        ],
      },
    ],
    [
      'an AuthorizationPolicy',
      { rules: [{ when: [{ key: 'request.auth.claims[iss]', values: ['https://idp'] }], to: [{ operation: { paths: ['/token', '/password'] } }] }] },
    ],
    ['public web keys', { jwks: JSON.stringify({ keys: [{ kty: 'RSA', kid: 'a', n: 'abcdefghijklmnop', e: 'AQAB', use: 'sig' }] }) }],
    [
      'certificates of a Gateway',
      { tls: { mode: 'SIMPLE', credentialName: 'web-cert', privateKey: '/etc/certs/key.pem', serverCertificate: '/etc/certs/cert.pem' } },
    ],
    [
      'references to Secrets',
      {
        volumes: [{ name: 'a', secret: { secretName: 'db', items: [{ key: 'password', path: 'p' }] } }],
        imagePullSecrets: [{ name: 'r' }],
        env: [{ name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }],
      },
    ],
    [
      'variables that are no secrets',
      {
        env: [
          { name: 'TOKEN_PATH', value: '/var/run/secrets/tokens/t' },
          { name: 'DB_PASSWORD_FILE', value: '/run/p' },
          { name: 'JWT_POLICY', value: 'third-party-jwt' },
          { name: 'SECRET_TTL', value: '24h' },
        ],
      },
    ],
    [
      'tokens that are projected',
      { sources: [{ serviceAccountToken: { audience: 'istio-ca', expirationSeconds: 43200, path: 'istio-token' } }], automountServiceAccountToken: false },
    ],
    ['a limit of rates', { token_bucket: { max_tokens: 100, tokens_per_fill: { value: 10 }, fill_interval: '60s' } }],
    [
      'a header by its name',
      {
        includeRequestHeadersInCheck: ['authorization', 'cookie'],
        hashPolicy: { httpHeaderName: 'authorization' },
        httpCookie: { name: 'session', ttl: '0s', path: '/' },
      },
    ],
    ['formats', { request_headers_to_add: [{ header: { key: 'authorization', value: '%REQ(x-auth)%' } }] }],
    ['a certificate', { trusted_ca: { inline_bytes: base64(certificate) }, caBundle: base64(certificate), data: { 'root-cert.pem': certificate } }],
    ['the public part of a secret of a dump', { secret: { tls_certificate: { certificate_chain: { inline_bytes: base64(certificate) } } } }],
    ['a reference to SDS', { tls_certificate_sds_secret_configs: [{ name: 'kubernetes://web-cert', sds_config: { ads: {} } }] }],
    ['names of hosts', { domains: ['auth-token.shop.svc.cluster.local:8080', 'secret.shop'], cluster: 'outbound|8080||password.shop.svc.cluster.local' }],
    ['an image', { image: 'docker.io/library/secret-agent:1.2.3', other: 'token-server:v2.1' }],
    ['a rule of RBAC', { rules: [{ apiGroups: [''], resources: ['secrets', 'tokenreviews'], verbs: ['get'] }] }],
    [
      'identities and digests',
      { uid: '1d8b0a3e-7c5f-4a52-9a0b-5f1c2d3e4f5a', image: `app@sha256:${'0a'.repeat(32)}`, principal: 'spiffe://cluster.local/ns/shop/sa/cart' },
    ],
  ];
  it.each(stays)('%s', (_, value) => {
    const tally = new Tally();
    expect(redactor.value(value, tally)).toEqual(value);
    expect(tally.total).toBe(0);
  });

  const texts: readonly (readonly [string, string])[] = [
    [
      'an access log',
      '[2026-01-02T03:04:05.678Z] "GET /pay?order=12&page=2 HTTP/1.1" 503 UF upstream_reset_before_response_started{connection_failure} - "-" 0 91 3 - "-" "curl/8" "9a1b2c3d-0000-4000-8000-0123456789ab" "cart.shop" "10.0.0.1:8080" outbound|8080||cart.shop.svc.cluster.local',
    ],
    ['a sentence about a token', 'error: invalid token: signature is invalid'],
    [
      'statistics',
      'cluster.outbound|80||auth-token.shop.svc.cluster.local.upstream_rq_200: 5\nhttp.jwt_authn.jwks_fetch_success: 2\nlistener.0.0.0.0_15006.ssl.session_reused: 0\n',
    ],
    [
      'clusters',
      'outbound|80||token.shop.svc.cluster.local::default_priority::max_connections::1024\noutbound|80||token.shop.svc.cluster.local::10.0.0.1:8080::cx_active::1\n',
    ],
    ['metrics', 'weft_xds_connections_total{protocol="delta"} 3\nistio_requests_total{response_code="200",connection_security_policy="mutual_tls"} 7\n'],
    ['a certificate', certificate],
    ['a Secret that was not found', 'failed to fetch key and certificate for kubernetes://web-cert: secret istio-system/web-cert not found'],
    ['a file', 'reading /var/run/secrets/kubernetes.io/serviceaccount/token: no such file'],
    ['a stack', '    at Redactor.token (/app/dist/main.js:12:34)\n'],
  ];
  it.each(texts)('%s', (_, text) => expect(redactor.text(text)).toBe(text));

  it('of a Secret its keys, lengths and certificates', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'Opaque',
      metadata: { name: 'db', namespace: 'shop' },
      data: { password: base64(password), empty: '' },
    };
    expect(redactor.value(secret)).toEqual({ ...secret, data: { password: '<redacted 15 bytes>', empty: '' } });
  });

  it('around what is taken out', () => {
    expect(redactor.text(`GET /pay?token=${password}&order=7 HTTP/1.1`)).toBe('GET /pay?token=<redacted value>&order=7 HTTP/1.1');
    expect(redactor.text(`dial postgres://app:${password}@db.shop:5432/pay failed`)).toBe('dial postgres://app:<redacted password>@db.shop:5432/pay failed');
    expect(redactor.text(`x ${jwt} y`)).toBe('x <redacted token, expires 2030-03-17T17:46:40Z> y');
    expect(redactor.value({ headers: { authorization: `Bearer ${password}`, host: 'a' } })).toEqual({
      headers: { authorization: 'Bearer <redacted credentials>', host: 'a' },
    });
  });
});
