// The format of test files: what can be written, and what it means. docs/route-tests.md has examples.
import {
  address,
  boolean,
  dictionary,
  duration,
  fields,
  type JsonSchema,
  list,
  named,
  number,
  type Of,
  oneOrMore,
  scalar,
  scalarOr,
  text,
  word,
} from './shape.ts';

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const percent = (about: string) => number(about, { most: 100, whole: false });
const count = (about: string) => number(about);

const labels = dictionary('Labels of the workload.', scalar('Value of the label.'));

const client = scalarOr(
  'Who sends the request.',
  text('A workload (deploy/cart.shop, pod/cart-1.shop, cart.shop), a gateway (gateway/edge.shop), or any other workload of a namespace (namespace/shop).', {
    example: 'deploy/cart.shop',
  }),
  fields(
    'A workload that the manifests do not have.',
    {
      namespace: text('Its namespace.'),
      labels,
      serviceAccount: text('Its service account.'),
      locality: text('Where it runs: REGION[/ZONE[/SUBZONE]].'),
    },
    ['namespace'],
  ),
);

const from = oneOrMore('Who sends the requests; of several, each does.', named('client', client));

const headerMap = dictionary('Headers by name.', scalar('Value.'), headerName);
const headers = oneOrMore('Headers of the request; of several maps, each makes a request.', named('headers', headerMap));

const request = fields(
  'The requests: every combination of what is listed.',
  {
    host: oneOrMore('Host header, as the application sends it: cart, cart.shop, www.example.com:8080.', text('Host.')),
    method: oneOrMore('GET unless something else is written.', text('Method.', { pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, example: 'GET' })),
    path: oneOrMore('Path with its query; / unless something else is written.', text('Path.', { pattern: /^(?:\/|\*$)/, example: '/pay' })),
    headers,
    scheme: oneOrMore('http unless something else is written.', word('Scheme.', ['http', 'https'])),
    port: oneOrMore(
      'Port of the service or of the gateway. Without it that of the host, else that of the scheme, else the first on which somebody has the host.',
      number('Port.', { least: 1, most: 65535 }),
    ),
    claims: dictionary('Claims of a token that is taken to be verified.', { schema: {}, read: (value) => value }),
    sourceIp: oneOrMore(
      'Address from which the client connects, as ipBlocks of policies have it: that of its pod unless something else is written; at a gateway that of who is in front of it.',
      address('Address.'),
    ),
    remoteIp: oneOrMore(
      'Address of the client as remoteIpBlocks of policies have it: it is in x-forwarded-for where numTrustedProxies of the gateway makes it count.',
      address('Address.'),
    ),
  },
  ['host'],
);

const workloadName = text('A workload: deploy/cart.shop, pod/cart-1.shop, cart.shop.', { example: 'deploy/cart.shop' });

const to = scalarOr(
  'The workload that the requests come to as they are, not through the proxy of who sends them. By mTLS where it takes that.',
  workloadName,
  fields(
    'The workload that the requests come to as they are.',
    { workload: workloadName, mtls: boolean('Whether the client speaks mTLS; as the workload takes it unless something else is written.') },
    ['workload'],
  ),
);

const set = dictionary('Headers that are there, with their values.', scalar('Value.'), headerName);
const removed = oneOrMore('Headers that are not there.', text('Name of a header.', { pattern: headerName }), 0);

const requestHeaders = fields('What the destination sees.', { set, removed });
const responseHeaders = fields('What is done to the response; of an answer of the proxy itself, what it has.', { set, removed });
const headerChanges = fields('Headers.', { request: requestHeaders, response: responseHeaders });

const connectionPool = fields('Limits of the circuit breaker, of tcp and http together.', {
  maxConnections: count('Connections.'),
  http1MaxPendingRequests: count('Requests that wait for a connection.'),
  http2MaxRequests: count('Requests at a time.'),
  maxRequestsPerConnection: count('Requests of one connection.'),
  maxRetries: count('Retries at a time.'),
  maxConcurrentStreams: count('Streams of one HTTP/2 connection.'),
  connectTimeout: duration('How long a connection may take to come up.'),
  idleTimeout: duration('How long a connection may have nothing to do.'),
  maxConnectionDuration: duration('How old a connection may get.'),
});

const outlierDetection = fields('When endpoints are ejected.', {
  consecutive5xxErrors: count('Answers 5xx in a row.'),
  consecutiveGatewayErrors: count('Answers 502, 503, 504 in a row.'),
  interval: duration('How often it is looked.'),
  baseEjectionTime: duration('How long the first ejection lasts.'),
  maxEjectionPercent: percent('Share of the endpoints that may be ejected.'),
  minHealthPercent: percent('Below this share of healthy endpoints all are used.'),
});

const service = text('A service as the client says it: HOST, or HOST[:PORT][/SUBSET].', {
  pattern: /^[^\s/:]+(?::\d+)?(?:\/[^\s/]+)?$/,
  example: 'cart:8080/v1',
});

const destination = scalarOr(
  'Where requests go.',
  service,
  fields(
    'Where requests go.',
    {
      host: text('Name of the service as the client says it, or its full name.'),
      subset: scalar('Its subset; "" for the whole service.'),
      port: number('Its port.', { least: 1, most: 65535 }),
      percent: percent('Share of the requests.'),
      weight: count('Weight in the rule.'),
      headers: named('headerChanges', headerChanges),
      connectionPool,
      outlierDetection,
    },
    ['host'],
  ),
);

const mirror = scalarOr(
  'Where copies go.',
  service,
  fields(
    'Where copies go.',
    {
      host: text('Name of the service as the client says it, or its full name.'),
      subset: scalar('Its subset; "" for the whole service.'),
      port: number('Its port.', { least: 1, most: 65535 }),
      percent: percent('Share of the requests of which a copy is made.'),
    },
    ['host'],
  ),
);

const expect = fields(
  'What has to become of every request. What is not named is not looked at.',
  {
    destinations: oneOrMore('All destinations that get a share, and no others.', named('destination', destination), 0),
    mirrors: oneOrMore('All that get copies, and no others; [] for none.', named('mirror', mirror), 0),
    rewrite: fields('The request line that every destination gets.', { path: text('Path with its query.'), authority: text('Host header.') }),
    redirect: fields('The proxy sends the client somewhere else.', { status: number('Status.', { least: 300, most: 399 }), location: text('Where to.') }),
    status: number('Status of the answer that the proxy itself gives: direct responses, redirects, faults, no route, no such subset.', {
      least: 100,
      most: 599,
    }),
    body: scalar('Body of the answer that the proxy itself gives.'),
    timeout: duration('Of the whole request, all tries included; 0 for none.'),
    retries: fields('Tries after the first one.', {
      attempts: count('How many; 0 for none.'),
      perTryTimeout: duration('Of one try; 0 for none.'),
      retryOn: oneOrMore('Conditions: all of them and no others.', scalar('Condition: connect-failure, 503.')),
    }),
    fault: fields('Faults that are injected; {} for none.', {
      delay: fields('Requests that are held back.', { duration: duration('How long.'), percent: percent('Share of the requests.') }),
      abort: fields('Requests that are answered by the proxy.', {
        status: number('HTTP status.', { least: 100, most: 599 }),
        grpcStatus: number('Status of gRPC.', { most: 16 }),
        percent: percent('Share of the requests.'),
      }),
    }),
    headers: named('headerChanges', headerChanges),
    allowed: boolean('Policies let it in: at the gateway that it comes to, and at every workload that it goes to.'),
    denied: fields('Policies deny it; {} for whatever reason.', {
      status: number('Status: 403, or 401 where a token is refused.', { least: 100, most: 599 }),
      policy: text('The policy that denies it, NAME.NAMESPACE; none: no rule of an ALLOW policy takes it.', { pattern: /^\S+$/, example: 'deny-post.shop' }),
      rule: count('Number of the rule that denies it, from 0 as in the log.'),
    }),
    route: text('Name of the rule that takes the request.'),
    noRoute: boolean('No rule takes the request: 404.'),
    blocked: boolean('No service has the host, and others are forbidden.'),
    passthrough: boolean('No service has the host, and the request goes to where the application wanted it to.'),
  },
  [],
  1,
);

const test = fields('One test.', { name: scalar('What it is about; part of the output.'), from, to, request, expect }, ['name', 'request', 'expect']);

/** What `named` refers to. */
export const definitions: Readonly<Record<string, JsonSchema>> = {
  client: client.schema,
  headers: headerMap.schema,
  headerChanges: headerChanges.schema,
  destination: destination.schema,
  mirror: mirror.schema,
};

/** A whole test file, or one document of it. */
export const testFile = fields('Route tests of weft.', { from, tests: list('The tests.', test, 1) }, ['tests']);

export type WrittenClient = Of<typeof client>;
export type WrittenTarget = Of<typeof to>;
export type WrittenRequest = Of<typeof request>;
export type Expectation = Of<typeof expect>;
export type ExpectedDestination = Exclude<Of<typeof destination>, string>;
export type ExpectedMirror = Exclude<Of<typeof mirror>, string>;
export type ExpectedHeaders = Of<typeof headerChanges>;
export type ExpectedPool = Of<typeof connectionPool>;
export type ExpectedOutlier = Of<typeof outlierDetection>;
