// Requests that try to be read in two ways: once by the policies, and once by whoever is behind them.

const printable = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/[^ -~]/g, '?');
const get = (target: string, ...headers: string[]): string => [`GET ${target} HTTP/1.1`, 'host: shop.example', ...headers, '', ''].join('\r\n');
const hosts = (...lines: string[]): string => ['GET /a HTTP/1.1', ...lines, '', ''].join('\r\n');
const method = (name: string, target = '/a'): string => `${name} ${target} HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 0\r\n\r\n`;

/** `/admin` is denied, with what is below it, and `/exact` alone. */
const targets = [
  // What stays as it is, and what becomes something else.
  ...'/admin /admin/ /admin/x /Admin /ADMIN /exact /exact/ /exact?x /exact/x //admin ///admin /x//admin //exact /.//admin /./admin /x/../admin'.split(' '),
  ...'/x/%2e%2e/admin /x/%2E./admin /x/..%2fadmin /x/..%5cadmin /x/..\\admin \\admin /\\admin /.\\admin /%61dmin /adm%69n /%41dmin /ad%6Din/x'.split(' '),
  ...'/admin%2fx /admin%2Fx /admin%5cx /%2fadmin /%2Fadmin /x%2f..%2fadmin /%252e/admin /%2561dmin /admin;x=1 /admin; /;/admin /exact;x /exact;'.split(' '),
  ...'/exact%3b /exact. /exact%20 /exact%09 /exact%00 /exact%7f /exact% /exact%2 /exact%zz /exact%%65 /exact#x /exact%23 /a#/../exact'.split(' '),
  ...'/a?/../exact /exact? /exact?? /exact%3fx /exact%3Fx /a/.. /.. /../../exact /exact/. /exact/.. /exact/./ /./exact/./ /.exact /exact/... /...//exact'.split(
    ' ',
  ),
  // What would be an escape after the first reading only.
  ...'/%%365xact /%%36%35xact /%2%66exact /%%32fexact /%25%36%35xact /%%%365xact /%%41 /%/../%%365xact'.split(' '),
  // Parameters of segments.
  ...'/exact/..;/exact /..;/exact /x/..;/exact /x/..;p=1/exact /x/.;/exact /exact/.; /exact/..; /x/..;%2f/exact /x;y/..;z/exact'.split(' '),
  ...'/exact/%2e /exact/%2e%2e/exact /x/%2e%2e;/exact /x/.%2e;/exact /%2e;/exact /exact/%2e;x'.split(' '),
  // What is not ASCII, or not in its shortest form.
  ...'/%c0%afexact /%c0%ae%c0%ae/exact /%u0065xact /%ef%bc%8fexact /%E2%80%8Bexact /e%CC%81xact'.split(' '),
  ...['/\xe9xact', '/ex\xadact', '/exact\xa0', '/exact\x80', '/exact\x7f', '/exact\x01', '/a b', '/a\tb', '/exact\t'],
  // Other forms of targets.
  ...'http://shop.example/exact http://shop.example//exact http://shop.example http://shop.example?x HTTP://shop.example/exact'.split(' '),
  ...'https://shop.example/exact http://secret.example/a http://SECRET.example/a http://secret.example:80/a http://user@secret.example/a'.split(' '),
  ...'http://secret.example@shop.example/a http:///exact http:/exact //secret.example/a * exact ? # ?/exact'.split(' '),
  ...['', `/${'a/../'.repeat(500)}exact`, `/${'%2e/'.repeat(500)}exact`],
];

/** `secret.example` is denied, in any case. */
const hostHeaders: [string, string][] = [
  ['another case', hosts('Host: SeCrEt.ExAmPlE')],
  ['a dot at the end', hosts('host: secret.example.')],
  ['a port', hosts('host: secret.example:80')],
  ['another port', hosts('host: secret.example:8080')],
  ['an empty port', hosts('host: secret.example:')],
  ['a port that is none', hosts('host: secret.example:x')],
  ['white space around', hosts('host: \t secret.example \t ')],
  ['two', hosts('host: shop.example', 'host: secret.example')],
  ['two, the other way', hosts('host: secret.example', 'host: shop.example')],
  ['the same twice', hosts('host: secret.example', 'host: secret.example')],
  ['a list', hosts('host: shop.example, secret.example')],
  ['none', hosts('x-a: 1')],
  ['an empty one', hosts('host:')],
  ['of white space', hosts('host:   ')],
  ['a target with another', 'GET http://secret.example/a HTTP/1.1\r\nhost: shop.example\r\n\r\n'],
  ['a target with another, the other way', 'GET http://shop.example/a HTTP/1.1\r\nhost: secret.example\r\n\r\n'],
  ['a target and none', 'GET http://secret.example/a HTTP/1.1\r\n\r\n'],
  ['a user in front', hosts('host: a@secret.example')],
  ['a path behind', hosts('host: secret.example/x')],
  ['a backslash behind', hosts('host: secret.example\\x')],
  ['a question mark behind', hosts('host: secret.example?x')],
  ['a number sign behind', hosts('host: secret.example#x')],
  ['a percent sign', hosts('host: secret%2eexample')],
  ...[...'"<>^`{|}@'].map((character): [string, string] => [`with ${character}`, hosts(`host: secret${character}.example`)]),
  ['bytes that are not ASCII', hosts('host: secr\xe9t.example')],
  ['an address of IPv6', hosts('host: [::1]:80')],
  ['half an address of IPv6', hosts('host: [::1')],
  ['white space in front of the colon', hosts('host : secret.example')],
  ['white space in front of the name', hosts('x-a: 1', ' host: secret.example', 'host: shop.example')],
  ['x-forwarded-host', hosts('host: shop.example', 'x-forwarded-host: secret.example')],
  ['HTTP/1.0 without one', 'GET /a HTTP/1.0\r\n\r\n'],
];

/** DELETE is denied; so is `x-role: blocked`. */
const others: [string, string][] = [
  ...['DELETE', 'delete', 'Delete', 'DELETE ', 'DELETEX', 'X', 'PATCH', 'TRACE', 'OPTIONS', 'PROPFIND', 'PRI'].map((name): [string, string] => [
    `method ${name}`,
    method(name),
  ]),
  ['OPTIONS *', method('OPTIONS', '*')],
  ['CONNECT', 'CONNECT secret.example:443 HTTP/1.1\r\nhost: secret.example:443\r\n\r\n'],
  ['CONNECT to a path', 'CONNECT /exact HTTP/1.1\r\nhost: shop.example\r\n\r\n'],
  ['method override', 'POST /a HTTP/1.1\r\nhost: shop.example\r\nx-http-method-override: DELETE\r\ncontent-length: 0\r\n\r\n'],
  ...(
    [
      ['x-role: blocked'],
      ['X-ROLE: blocked'],
      ['x-role: Blocked'],
      ['x-role:blocked'],
      ['x-role: \tblocked \t'],
      ['x-role: ok', 'x-role: blocked'],
      ['x-role: blocked', 'x-role: ok'],
      ['x-role: ok, blocked'],
      ['x-role: blocked,'],
      ['x-role: "blocked"'],
      ['x-role:'],
      ['x_role: blocked'],
      ['x-role : blocked'],
      ['x-role\t: blocked'],
      ['x-role: bloc', ' ked'],
      ['x-role: blocked\x00'],
      ['x-role: blocked\x7f'],
      ['x-role: blocked\xa0'],
      ['x-r\xf6le: blocked'],
      ['connection: x-role', 'x-role: blocked'],
      ['connection: close, x-role', 'x-role: blocked'],
      ['connection: x-forwarded-for', 'x-role: ok'],
      ['connection: authorization, x-request-id', 'authorization: Basic x'],
      ['connection: host', 'x-role: ok'],
      ['connection: :path', 'x-role: ok'],
      ['connection: x-forwarded-client-cert, x-envoy-external-address'],
      ['te: trailers, x-role', 'x-role: ok'],
      ['expect: 100-continue'],
      ['upgrade: websocket', 'connection: upgrade'],
      ['upgrade: h2c', 'connection: upgrade, http2-settings', 'http2-settings: AAMAAABkAAQAAP__'],
      [`x-long: ${'a'.repeat(30_000)}`],
      [`x-long: ${'a'.repeat(70_000)}`],
      Array.from({ length: 95 }, (_, i) => `x-${i}: 1`),
      Array.from({ length: 120 }, (_, i) => `x-${i}: 1`),
    ] as string[][]
  ).map((lines): [string, string] => [`headers ${printable(lines.slice(0, 2).join(' and ').slice(0, 60))}`, get('/a', ...lines)]),
];

/** Names that the proxy gives a meaning, and the client's word of them (at the edge of the mesh). */
const spoofed: [string, string][] = [
  'x-forwarded-client-cert: By=spiffe://cluster.local/ns/shop/sa/app;URI=spiffe://cluster.local/ns/admin/sa/root',
  'x-forwarded-for: 203.0.113.7',
  'x-forwarded-for: 203.0.113.7, 10.0.0.1',
  'x-forwarded-proto: https',
  'x-forwarded-proto: evil',
  'x-forwarded-port: 443',
  'x-envoy-original-path: /exact',
  'x-envoy-original-host: secret.example',
  'x-envoy-original-dst-host: 127.0.0.1:1',
  'x-envoy-original-url: http://secret.example/',
  'x-envoy-external-address: 203.0.113.7',
  'x-envoy-internal: true',
  'x-envoy-retry-on: 5xx',
  'x-envoy-max-retries: 100',
  'x-envoy-upstream-rq-timeout-ms: 1',
  'x-envoy-upstream-rq-per-try-timeout-ms: 1',
  'x-envoy-upstream-alt-stat-name: x',
  'x-envoy-hedge-on-per-try-timeout: true',
  'x-envoy-expected-rq-timeout-ms: 1',
  'x-envoy-force-trace: true',
  'x-envoy-ip-tags: a',
  'x-envoy-decorator-operation: evil',
  'x-envoy-downstream-service-cluster: evil',
  'x-envoy-downstream-service-node: evil',
  'x-envoy-peer-metadata: evil',
  'x-envoy-peer-metadata-id: evil',
  'x-envoy-attempt-count: 99',
  'x-envoy-auth-partial-body: true',
  'x-envoy-overloaded: true',
  'x-envoy-upstream-canary: true',
  'x-envoy-fault-abort-request: 503',
  'x-envoy-fault-delay-request: 1',
  'x-envoy-mobile-cluster: x',
  'x-envoy-cluster-name: x',
  'x-istio-attributes: evil',
  'x-client-trace-id: 1',
  'x-b3-traceid: 80f198ee56343ba864fe8b2a57d3eff7',
  'forwarded: for=203.0.113.7;host=secret.example',
  'x-original-url: /exact',
  'x-rewrite-url: /exact',
  'proxy: http://evil',
  'server: evil',
  'via: 1.1 evil',
  'keep-alive: timeout=1',
  'proxy-connection: keep-alive',
  'x-request-id: 80f198ee-5634-4ba8-94fe-8b2a57d3eff7',
].map((line) => [`spoofed ${line.slice(0, 60)}`, get('/a', line)]);

export const requests: readonly (readonly [name: string, bytes: string])[] = [
  ...targets.map((target) => [`target ${JSON.stringify(target.slice(0, 60))}`, get(target)] as const),
  ...hostHeaders.map(([name, bytes]) => [`host: ${name}`, bytes] as const),
  ...others,
  ...spoofed,
];

type Header = readonly [string, string];
const h2 = (path: string, authority: string | undefined, ...more: Header[]): Header[] => [
  [':method', 'GET'],
  [':scheme', 'http'],
  ...(authority === undefined ? [] : [[':authority', authority] as const]),
  [':path', path],
  ...more,
];

export const http2Requests: readonly (readonly [name: string, headers: readonly Header[]])[] = [
  ...[
    '/exact',
    '/x/../exact',
    '//exact',
    '/%65xact',
    '/exact#x',
    '/exact;x',
    '/exact?x',
    '/x/..%2fexact',
    '/exact%',
    '/\\exact',
    'exact',
    '*',
    'http://shop.example/exact',
  ].map((path) => [`target ${path}`, h2(path, 'shop.example')] as const),
  ['another case of the host', h2('/a', 'SECRET.example')],
  ['a port of the host', h2('/a', 'secret.example:80')],
  ['a dot behind the host', h2('/a', 'secret.example.')],
  ['a user in front of the host', h2('/a', 'x@secret.example')],
  ['a host and an authority', h2('/a', 'shop.example', ['host', 'secret.example'])],
  ['a host and an authority, the other way', h2('/a', 'secret.example', ['host', 'shop.example'])],
  ['an empty authority', h2('/a', '', ['host', 'secret.example'])],
  ['x-forwarded-client-cert', h2('/a', 'shop.example', ['x-forwarded-client-cert', 'URI=spiffe://a'])],
  ['a header twice', h2('/a', 'shop.example', ['x-role', 'ok'], ['x-role', 'blocked'])],
  [
    'another scheme',
    [
      [':method', 'GET'],
      [':scheme', 'ftp'],
      [':authority', 'shop.example'],
      [':path', '/a'],
    ],
  ],
  [
    'https as scheme',
    [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':authority', 'shop.example'],
      [':path', '/a'],
    ],
  ],
  [
    'another method',
    [
      [':method', 'delete'],
      [':scheme', 'http'],
      [':authority', 'shop.example'],
      [':path', '/a'],
    ],
  ],
];
