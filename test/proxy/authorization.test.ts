// Policies in front of a running gateway: what only shows when connections, bodies and services that are asked meet.
import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { ExchangeRecord } from '../../src/proxy/core/exchange-record.ts';
import { flagsText } from '../../src/proxy/core/response-flags.ts';
import type { Sidecar } from '../../src/proxy/sidecar.ts';
import { statName } from '../../src/proxy/telemetry/metric-snapshot.ts';
import { testSidecar } from './sidecar.ts';
import { backend, closeAll, freePorts, Peer, pause, tableOf, tcpBackend, until } from './support.ts';

afterEach(closeAll);

const gateway = { role: 'gateway', name: 'edge', labels: { app: 'edge' } } as const;

interface Ports {
  http: number;
  tcp: number;
  app: number;
  echo: number;
  authz: number;
}

const entry = (name: string, port: number, protocol: string): string => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name}, namespace: shop }
spec:
  hosts: [${name}.example]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: ${port}, name: p, protocol: ${protocol} }]
  endpoints: [{ address: 127.0.0.1 }]
---`;

const routes = ({ http, tcp, app, echo, authz }: Ports): string => `${entry('app', app, 'HTTP')}${entry('echo', echo, 'TCP')}${entry('authz', authz, 'HTTP')}
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { app: edge }
  servers:
    - { port: { number: ${http}, name: http, protocol: HTTP }, hosts: ['*'] }
    - { port: { number: ${tcp}, name: tcp, protocol: TCP }, hosts: ['*'] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: app, namespace: shop }
spec:
  hosts: ['*']
  gateways: [edge]
  http:
    - match: [{ uri: { prefix: /fault } }]
      fault: { abort: { httpStatus: 418, percentage: { value: 100 } } }
      route: [{ destination: { host: app.example, port: { number: ${app} } } }]
    - match: [{ uri: { prefix: /moved } }]
      redirect: { uri: / }
    - route: [{ destination: { host: app.example, port: { number: ${app} } } }]
  tcp: [{ match: [{ port: ${tcp} }], route: [{ destination: { host: echo.example, port: { number: ${echo} } } }] }]
---
`;

/** A policy for the gateway. */
const policy = (name: string, spec: string, annotations = '{}'): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: '${name}', namespace: shop, annotations: ${annotations} }
spec: { selector: { matchLabels: { app: edge } }, ${spec} }
---`;

interface Question {
  url: string;
  body: string;
  closed: boolean;
}

interface World {
  ports: Ports;
  sidecar: Sidecar;
  /** `flags details termination` of each line. */
  log: string[];
  /** Records behind the lines. */
  records: ExchangeRecord[];
  /** Bodies that the application got, one for each request. */
  got: string[];
  /** What the TCP service got. */
  bytes: string[];
  questions: Question[];
  /** Answers questions that wait. */
  answer(status: number): void;
  apply(policies: string): Promise<void>;
  stat(name: string): number | undefined;
}

async function world(policies: string, provider = '{}'): Promise<World> {
  const [http = 0, tcp = 0] = await freePorts(2);
  const got: string[] = [];
  const bytes: string[] = [];
  const questions: Question[] = [];
  const waiting: ((status: number) => void)[] = [];
  const app = await backend((incoming, response) => {
    let body = '';
    incoming.setEncoding('latin1').on('data', (chunk: string) => (body += chunk));
    incoming.on('end', () => {
      got.push(body);
      response.end('app');
    });
  });
  const echo = await tcpBackend((socket) => {
    socket.write('hello\n');
    socket.on('data', (chunk) => {
      bytes.push(chunk.toString());
      socket.write(`echo ${chunk}`);
    });
    socket.on('end', () => socket.end());
  });
  const authz = await backend((incoming, response) => {
    const question: Question = { url: incoming.url ?? '', body: '', closed: false };
    questions.push(question);
    response.on('close', () => (question.closed = true));
    incoming.setEncoding('latin1').on('data', (chunk: string) => (question.body += chunk));
    incoming.on('end', () => {
      if (question.url.startsWith('/wait')) waiting.push((status) => response.writeHead(status).end());
      else response.writeHead(question.url.startsWith('/no') ? 403 : 200).end();
    });
  });
  const ports = { http, tcp, app, echo, authz };
  const log: string[] = [];
  const records: ExchangeRecord[] = [];
  const sidecar = testSidecar({
    accessLog: (record) => {
      records.push(record);
      log.push(`${flagsText(record.flags)} ${record.details} ${record.terminationDetails}`.trimEnd());
    },
  });
  const config = `extensionProviders: [{ name: ask, envoyExtAuthzHttp: { service: shop/authz.example, port: ${authz}, ...${provider} } }]`.replace(
    /, \.\.\.\{(.*)\} \}/,
    (_, more: string) => (more.trim() === '' ? ' }' : `, ${more} }`),
  );
  const apply = async (text: string): Promise<void> => sidecar.apply(await tableOf(routes(ports) + text, [], config, gateway));
  await apply(policies);
  return {
    ...{ ports, sidecar, log, records, got, bytes, questions, apply },
    answer: (status) => {
      for (const one of waiting.splice(0)) one(status);
    },
    stat: (name) => {
      const families = sidecar.metrics?.snapshot(false) ?? [];
      return families.flatMap((family) => family.series.map((series) => [statName(family, series), series.value] as const)).find(([own]) => own === name)?.[1];
    },
  };
}

interface Answer {
  status: number;
  body: string;
}

function ask(port: number, path: string, { method = 'GET', body = undefined as Buffer | undefined } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, method, headers: { host: 'shop.example' }, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    sent.on('error', reject).end(body);
  });
}

const head = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nhost: shop.example\r\n${more}\r\n`;
const custom = policy('ask', `action: CUSTOM, provider: { name: ask }, rules: [{ to: [{ operation: { notPaths: ['/open*'] } }] }]`);

describe('requests', () => {
  it('SEC-R21: a new policy is for the next request, on connections that are there as well', async () => {
    const { ports, apply, log } = await world('');
    const peer = new Peer(ports.http);
    peer.send(head('/x'));
    await until(() => peer.text.includes('app'), 'the first answer');
    await apply(policy('no', `action: DENY, rules: [{ to: [{ operation: { paths: [/x] } }] }]`));
    peer.send(head('/x'));
    await until(() => peer.text.includes('RBAC: access denied'), 'the denial');
    await apply('');
    peer.send(head('/x'));
    await until(() => log.length === 3, 'the third answer');
    expect(log).toEqual(['- via_upstream', '- rbac_access_denied_matched_policy[ns[shop]-policy[no]-rule[0]]', '- via_upstream']);
    expect(peer.gone).toBe(false);
  });

  it('SEC-R30: of a denied request nothing reaches the application, whose body is not waited for', async () => {
    const { ports, got } = await world(policy('no', `action: DENY, rules: [{ to: [{ operation: { methods: [POST] } }] }]`));
    const peer = new Peer(ports.http);
    peer.send('POST /x HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 500\r\n\r\nhello');
    await until(() => peer.text.includes('RBAC: access denied'), 'the denial');
    await ask(ports.http, '/y');
    expect(got).toEqual(['']);
  });

  it('SEC-R7: policies go before faults and redirects', async () => {
    const { ports, log } = await world(policy('deny', `action: DENY, rules: [{ to: [{ operation: { paths: ['*/x'] } }] }]`));
    const answers = [];
    for (const path of ['/fault/x', '/fault/y', '/moved/x', '/moved/y']) answers.push((await ask(ports.http, path)).status);
    expect(answers).toEqual([403, 418, 403, 301]);
    const denied = '- rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[0]]';
    expect(log).toEqual([denied, 'FI fault_filter_abort', denied, '- direct_response']);
  });

  it('SEC-R31: what policies would do is in the log and in the statistics, and not done', async () => {
    const dry = '{ istio.io/dry-run: "true" }';
    const { ports, records, stat } = await world(
      policy('try', `action: DENY, rules: [{ to: [{ operation: { paths: [/x] } }] }]`, dry) +
        policy('try2', `rules: [{ to: [{ operation: { paths: [/x] } }] }]`, dry) +
        policy('look', `action: AUDIT, rules: [{ to: [{ operation: { paths: [/x] } }] }]`),
    );
    expect([(await ask(ports.http, '/x')).status, (await ask(ports.http, '/y')).status]).toEqual([200, 200]);
    expect(records.map(({ authorization }) => authorization)).toMatchObject([
      { audit: 'ns[shop]-policy[look]-rule[0]', dryRun: { deny: { denied: true, rule: { name: 'ns[shop]-policy[try]-rule[0]' } }, allow: { allowed: true } } },
      { audit: '', dryRun: { deny: { denied: false }, allow: { allowed: false } } },
    ]);
    const prefix = `http.outbound_0.0.0.0_${ports.http};.rbac`;
    const names = ['istio_dry_run_deny_shadow_denied', 'istio_dry_run_deny_shadow_allowed', 'istio_dry_run_allow_shadow_denied', 'logged', 'denied'];
    expect(names.map((name) => stat(`${prefix}.${name}`))).toEqual([1, 1, 1, 1, 0]);
  });

  it('SEC-R21: allowed and denied are counted for each stage, as in Envoy', async () => {
    const { ports, stat } = await world(policy('no', `action: DENY, rules: [{ to: [{ operation: { paths: [/x] } }] }]`) + policy('yes', `rules: [{}]`));
    for (const path of ['/x', '/y']) await ask(ports.http, path);
    const prefix = `http.outbound_0.0.0.0_${ports.http};.rbac`;
    expect([stat(`${prefix}.allowed`), stat(`${prefix}.denied`)]).toEqual([2, 1]);
  });
});

describe('a service that is asked', () => {
  it('SEC-R7: is asked before DENY, and its word is not the last', async () => {
    const { ports, questions, log, stat } = await world(custom + policy('no', `action: DENY, rules: [{ to: [{ operation: { paths: [/yes] } }] }]`));
    const answers = [await ask(ports.http, '/no'), await ask(ports.http, '/yes'), await ask(ports.http, '/other'), await ask(ports.http, '/open')];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 200, 200]);
    expect(questions.map(({ url }) => url)).toEqual(['/no', '/yes', '/other']);
    expect(log).toEqual(['UAEX ext_authz_denied', '- rbac_access_denied_matched_policy[ns[shop]-policy[no]-rule[0]]', '- via_upstream', '- via_upstream']);
    const prefix = `http.outbound_0.0.0.0_${ports.http};.ext_authz`;
    expect([stat(`${prefix}.ok`), stat(`${prefix}.denied`), stat(`${prefix}.error`)]).toEqual([2, 1, 0]);
  });

  it('holds the request back until it answers, and what comes of the body', async () => {
    const { ports, got, questions, answer } = await world(custom);
    const peer = new Peer(ports.http);
    peer.send('POST /wait HTTP/1.1\r\nhost: shop.example\r\ncontent-length: 10\r\n\r\nhello');
    await until(() => questions.length === 1, 'the question');
    peer.send('world');
    await pause(30);
    expect(got).toEqual([]);
    answer(200);
    await until(() => peer.text.includes('app'), 'the answer');
    expect(got).toEqual(['helloworld']);
    expect(questions[0]?.body).toBe('');
  });

  it('is not asked any more about a request whose client went away', async () => {
    const { ports, got, questions, log } = await world(custom);
    const peer = new Peer(ports.http);
    peer.send(head('/wait'));
    await until(() => questions.length === 1, 'the question');
    peer.socket.destroy();
    await until(() => questions[0]?.closed === true, 'that it is given up');
    await until(() => log.length === 1, 'the log');
    expect([got, log]).toEqual([[], ['DC downstream_remote_disconnect']]);
  });

  it('that does not answer in time: the request is denied', async () => {
    const { ports, log } = await world(custom, '{ timeout: 0.1s, statusOnError: "503" }');
    expect(await ask(ports.http, '/wait')).toEqual({ status: 503, body: '' });
    expect(log).toEqual(['UAEX ext_authz_error']);
  });

  it('gets the body where it is to, of which nothing is lost for the application, however long it is', async () => {
    const { ports, got, questions } = await world(custom, '{ includeRequestBodyInCheck: { maxRequestBytes: 3000000 } }');
    const body = Buffer.alloc(2_500_000, 'abcdefghijklmnop');
    expect((await ask(ports.http, '/a', { method: 'POST', body })).status).toBe(200);
    expect(questions[0]?.body === body.toString('latin1')).toBe(true);
    expect(got[0] === body.toString('latin1')).toBe(true);
    expect((await ask(ports.http, '/b', { method: 'POST', body: Buffer.alloc(3_000_001) })).status).toBe(413);
    expect(questions).toHaveLength(1);
    const partial = await world(custom, '{ includeRequestBodyInCheck: { maxRequestBytes: 10, allowPartialMessage: true } }');
    expect((await ask(partial.ports.http, '/a', { method: 'POST', body })).status).toBe(200);
    expect(partial.questions[0]?.body).toBe('abcdefghij');
    expect(partial.got[0] === body.toString('latin1')).toBe(true);
  });

  it('gets the body of a client that waits for a word before it sends it', async () => {
    const { ports, got } = await world(custom, '{ includeRequestBodyInCheck: { maxRequestBytes: 100 } }');
    const peer = new Peer(ports.http);
    peer.send('POST /a HTTP/1.1\r\nhost: shop.example\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n');
    await until(() => peer.text.startsWith('HTTP/1.1 100'), 'the word');
    peer.send('hello');
    await until(() => got.length === 1, 'the request');
    expect(got).toEqual(['hello']);
  });
});

describe('connections', () => {
  const byPort = (port: number): string => policy('no', `action: DENY, rules: [{ to: [{ operation: { ports: ["${port}"] } }] }]`);

  it('SEC-R30: are judged at their first byte, which goes nowhere when they are denied', async () => {
    const { ports, bytes, log, apply, stat } = await world('');
    await apply(byPort(ports.tcp));
    const peer = new Peer(ports.tcp);
    await until(() => peer.text === 'hello\n', 'the greeting');
    peer.send('secret');
    await until(() => peer.gone, 'the end');
    await until(() => log.length === 1, 'the log');
    expect([bytes, log, peer.text]).toEqual([[], ['-  rbac_access_denied_matched_policy[ns[shop]-policy[no]-rule[0]]'], 'hello\n']);
    expect(stat('tcp.rbac.denied')).toBe(1);
  });

  it('SEC-R30: and once: those that are there go on under a new policy', async () => {
    const { ports, bytes, apply } = await world('');
    const peer = new Peer(ports.tcp);
    peer.send('one');
    await until(() => peer.text.includes('echo one'), 'the first answer');
    await apply(byPort(ports.tcp));
    peer.send('two');
    await until(() => peer.text.includes('echo two'), 'the second answer');
    const late = new Peer(ports.tcp);
    late.send('three');
    await until(() => late.gone, 'the end');
    expect(bytes).toEqual(['one', 'two']);
  });

  it('SEC-R29: a client that ends without a byte is judged, too', async () => {
    const { ports, log } = await world(policy('none', ''));
    const peer = new Peer(ports.tcp);
    await until(() => peer.text === 'hello\n', 'the greeting');
    peer.socket.end();
    await until(() => log.length === 1, 'the log');
    expect(log).toEqual(['-  rbac_access_denied_matched_policy[none]']);
  });
});
