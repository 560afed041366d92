import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { until } from '../../../test/until.ts';
import type { KubeObject } from '../../kube/object.ts';
import { loadSource } from '../../manifest/load.ts';
import { Mesh } from '../../model/mesh.ts';
import { defaultMeshConfig } from '../../model/mesh-config.ts';
import { type CheckResource, loadChecks } from '../../pipeline/check-resource.ts';
import { caBundleOf, rotate, type ServingCertificates } from '../certificates/rotation.ts';
import { istioKinds } from '../watch/watched-kinds.ts';
import { answerReview, NoReviewError, parseReview } from './admission.ts';
import { PodInjector, settingsFor } from './injection.ts';
import { type ReviewHandler, WebhookServer } from './server.ts';
import { validateObject } from './validation.ts';

let check: CheckResource;
const dnsNames = ['localhost'];
let certificates: ServingCertificates;
beforeAll(async () => {
  check = await loadChecks(istioKinds);
  certificates = await rotate(undefined, { now: Date.now(), dnsNames, nextTrustedSince: undefined });
});

const deep = (levels: number): unknown => {
  let value: unknown = 'x';
  for (let i = 0; i < levels; i++) value = [value];
  return value;
};
const routes = (weight: unknown, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'cart', namespace: 'shop', ...more },
  spec: { hosts: ['cart'], http: [{ route: [{ destination: { host: 'cart' }, weight }] }] },
});
const review = (more: Record<string, unknown>): unknown => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u', kind: { group: 'networking.istio.io', version: 'v1', kind: 'VirtualService' }, operation: 'CREATE', ...more },
});

it.each<[string, Record<string, unknown>, boolean, string | undefined, number]>([
  ['what is right', { object: routes(1) }, true, undefined, 0],
  ['a broken rule', { object: routes(-1) }, false, 'VirtualService shop/cart is not valid: spec.http[0].route[0].weight: weight -1 is less than 0', 0],
  [
    'a wrong type',
    { object: routes('many') },
    false,
    'VirtualService shop/cart is not valid: spec.http[0].route[0].weight has to be a whole number, and this is the text "many"',
    0,
  ],
  ['a broken rule on update', { operation: 'UPDATE', object: routes(-1), oldObject: routes(1) }, false, 'is not valid', 0],
  ['what was wrong before', { operation: 'UPDATE', object: routes(-1, { labels: { a: 'b' } }), oldObject: routes(-1) }, true, undefined, 1],
  [
    'what is being deleted',
    { operation: 'UPDATE', object: routes(-1, { deletionTimestamp: '2026-01-01T00:00:00Z' }), oldObject: routes(1) },
    true,
    undefined,
    0,
  ],
  ['deletion', { operation: 'DELETE', oldObject: routes(-1) }, true, undefined, 0],
  ['connecting', { operation: 'CONNECT', object: routes(-1) }, true, undefined, 0],
  ['a status', { object: routes(-1), subResource: 'status' }, true, undefined, 0],
  ['a kind that has no rules', { object: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: {}, spec: 1 } }, true, undefined, 0],
  ['a kind of others by the same name', { object: { ...routes(-1), apiVersion: 'example.com/v1' } }, true, undefined, 0],
  [
    'a field that there is none of',
    { object: { ...routes(1), spec: { hosts: ['a'], htttp: [], http: [{ route: [{ destination: { host: 'a' } }] }] } } },
    true,
    undefined,
    1,
  ],
  ['no spec', { object: { ...routes(1), spec: undefined } }, false, 'is not valid', 0],
  ['a spec that is a text', { object: { ...routes(1), spec: 'x' } }, false, 'is not valid', 0],
  ['a spec that is deeper than anybody can read', { object: { ...routes(1), spec: { hosts: deep(9_000) } } }, false, 'more than 500 levels', 0],
  ['no metadata', { object: { ...routes(1), metadata: undefined } }, true, undefined, 0],
  ['no object', { object: null }, true, undefined, 0],
])('%s', (_, more, allowed, message, warnings) => {
  const answer = validateObject(parseReview(review(more)), check);
  expect(answer).toMatchObject({ allowed });
  if (message !== undefined) expect(answer.message).toContain(message);
  expect(answer.warnings ?? []).toHaveLength(warnings);
});

it('many errors are told one by one, as causes, too, and bounded', () => {
  const http = Array.from({ length: 40 }, () => ({ route: [{ destination: { host: 'cart' }, weight: -1 }] }));
  const answer = validateObject(parseReview(review({ object: { ...routes(1), spec: { hosts: ['cart'], http } } })), check);
  expect(answer.message).toMatch(/^VirtualService shop\/cart is not valid, with \d+ errors:\n {2}- spec\.http\[0\]/);
  expect(answer.message).toMatch(/\n {2}- and \d+ more$/);
  expect(answer.causes).toHaveLength(20);
  expect(answerReview('u', answer)).toMatchObject({
    response: { uid: 'u', allowed: false, status: { code: 422, reason: 'Invalid', details: { causes: { length: 20 } } } },
  });
});

it('warnings are bounded in number and length', () => {
  const { response } = answerReview('u', { allowed: true, warnings: Array.from({ length: 30 }, () => 'x'.repeat(300)) }) as {
    response: { warnings: string[] };
  };
  expect(response.warnings).toHaveLength(21);
  expect(response.warnings[0]).toHaveLength(256);
  expect(response.warnings[20]).toBe('and 10 more');
});

it.each<[string, unknown, string]>([
  ['nothing', undefined, 'no AdmissionReview'],
  ['a list', [], 'no AdmissionReview'],
  ['another kind', { kind: 'Pod' }, 'no AdmissionReview'],
  ['an old version', { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1beta1', request: { uid: 'u' } }, 'admission.k8s.io/v1beta1'],
  ['no request', { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' }, 'no request with a uid'],
])('%s is no review', (_, value, message) => {
  expect(() => parseReview(value)).toThrow(NoReviewError);
  expect(() => parseReview(value)).toThrow(message);
});

const map = (data: unknown): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'istio-sidecar-injector' }, data });
const config = 'image: weft:1\nxdsAddress: weft-controller.istio-system:15010\n';
const meshOf = (text: string): Mesh =>
  new Mesh(loadSource({ name: 'a', text, json: false }, { defaultNamespace: 'shop' }).resources, {
    assume: 'complete',
    istioNamespace: 'istio-system',
    templates: false,
    knownHosts: [],
    now: new Date(0),
    meshConfig: { ...defaultMeshConfig('istio-system'), defaultConfig: { concurrency: 1, proxyMetadata: { A: 'mesh', B: 'mesh' } } },
  });
const podReview = review({
  kind: { group: '', version: 'v1', kind: 'Pod' },
  namespace: 'shop',
  object: { apiVersion: 'v1', kind: 'Pod', metadata: { generateName: 'cart-', labels: { app: 'cart' } }, spec: { containers: [{ name: 'app', image: 'a' }] } },
});

it('a broken injection configuration is refused, and the one before goes on', () => {
  const injector = new PodInjector();
  const outcome = (): string => injector.review(podReview, meshOf(''), () => []).outcome;
  expect(outcome()).toBe('failed');
  expect(injector.review(podReview, meshOf(''), () => []).reason).toBe('the injector has no configuration: its ConfigMap was not read yet');
  expect(injector.configure(undefined)).toBe(false);
  expect(injector.isConfigured).toBe(false);
  expect(injector.configure(map({ config }))).toBe(true);
  expect(outcome()).toBe('injected');
  for (const broken of [undefined, {}, { config: 'image: [' }, { config: 'imagge: a' }, { config: 1 }, { config: 'image: 1' }]) {
    expect(injector.configure(map(broken))).toBe(false);
    expect(injector.problem).not.toBe('');
    expect(outcome()).toBe('injected');
  }
  expect(injector.configure(map({ config: `${config}policy: disabled\n` }))).toBe(true);
  expect(injector.problem).toBe('');
  expect(() => injector.review({}, meshOf(''), () => [])).toThrow(NoReviewError);
});

it('a sidecar has the configuration of the mesh, over it that of the root namespace, its own, and its workload', () => {
  const proxyConfig = (name: string, namespace: string, spec: string): string =>
    `---\napiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;
  const mesh = meshOf(
    [
      proxyConfig('root', 'istio-system', '{ environmentVariables: { B: root, C: root } }'),
      proxyConfig('own', 'shop', '{ concurrency: 2, environmentVariables: { C: own } }'),
      proxyConfig('cart', 'shop', '{ selector: { matchLabels: { app: cart } }, image: { imageType: debug }, concurrency: 3 }'),
      proxyConfig('other', 'pay', '{ concurrency: 9 }'),
    ].join(''),
  );
  expect(settingsFor(mesh, 'shop', { app: 'cart' }).defaultConfig).toEqual({
    concurrency: 3,
    proxyMetadata: { A: 'mesh', B: 'root', C: 'own' },
    image: { imageType: 'debug' },
  });
  expect(settingsFor(mesh, 'shop', {}).defaultConfig).toMatchObject({ concurrency: 2 });
  expect(settingsFor(mesh, 'istio-system', {}).defaultConfig).toMatchObject({ concurrency: 1, proxyMetadata: { C: 'root' } });
});

const servers: WebhookServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(0);
});

async function serve(handlers: Record<string, ReviewHandler>) {
  const said: string[] = [];
  const server = new WebhookServer(
    { handlers, refused: (path, problem) => said.push(`refused ${path} ${problem}`), failed: (path) => said.push(`failed ${path}`) },
    certificates.serving,
  );
  servers.push(server);
  const { port } = await server.listen(0, '127.0.0.1');
  const ask = (path: string, body: string | Buffer, { method = 'POST', ca = caBundleOf(certificates) } = {}): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', servername: 'localhost', ca, path, method, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      });
      sent.on('error', reject).end(body);
    });
  return { server, port, ask, said };
}

it('answers reviews, and says what is no review', async () => {
  const { ask, said } = await serve({
    '/inject': (value) => ({ echo: value }),
    '/validate': () => {
      throw new NoReviewError('this is none');
    },
    '/bug': () => {
      throw new TypeError('x');
    },
  });
  expect(await ask('/inject?timeout=10s', '{"a":1}')).toEqual({ status: 200, body: '{"echo":{"a":1}}' });
  expect(await ask('/inject/cluster/x', '{}')).toMatchObject({ status: 200 });
  expect(await ask('/validate', '{}')).toEqual({ status: 400, body: 'this is none\n' });
  expect((await ask('/inject', '{"a":')).status).toBe(400);
  expect((await ask('/inject', '', { method: 'GET' })).status).toBe(405);
  expect((await ask('/nothing', '{}')).status).toBe(404);
  expect((await ask('/__proto__', '{}')).status).toBe(404);
  expect(await ask('/bug', '{}')).toEqual({ status: 500, body: 'internal error\n' });
  expect(said.filter((line) => line.startsWith('failed'))).toEqual(['failed /bug']);
  expect(said).toHaveLength(6);
});

it('a body that is too long is not read to its end', async () => {
  const { ask } = await serve({ '/inject': () => ({}) });
  const outcome = await ask('/inject', Buffer.alloc(9 << 20, 'x')).catch((error: NodeJS.ErrnoException) => error.code);
  expect(outcome === 'ECONNRESET' || outcome === 'EPIPE' || (outcome as { status: number }).status === 413).toBe(true);
  expect((await ask('/inject', '{}')).status).toBe(200);
});

it('bodies that are not sent to their end do not take the memory from others', async () => {
  const { port, ask } = await serve({ '/inject': () => ({}) });
  const slow = Array.from({ length: 12 }, () => {
    const headers = { 'content-length': 8 << 20 };
    const sent = request({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: caBundleOf(certificates),
      path: '/inject',
      method: 'POST',
      agent: false,
      headers,
    });
    const status = new Promise<number | undefined>((resolve) => {
      sent.on('response', ({ statusCode }) => resolve(statusCode)).on('error', () => resolve(undefined));
    });
    sent.write(Buffer.alloc((8 << 20) - 1, ' '));
    return { sent, status };
  });
  const first = await Promise.race(slow.map(({ status }) => status));
  expect(first === 503 || first === undefined).toBe(true);
  for (const { sent } of slow) sent.destroy();
  await Promise.all(slow.map(({ status }) => status));
  await until(async () => (await ask('/inject', Buffer.alloc(7 << 20, ' '))).status === 400, 'there is room again');
});

it('who does not greet is not waited for', { timeout: 60_000 }, async () => {
  const { port } = await serve({ '/inject': () => ({}) });
  const began = performance.now();
  const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.on('error', () => {}).once('close', () => resolve()));
  const greeted = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: caBundleOf(certificates) });
  await Promise.all([closed(connect(port, '127.0.0.1').resume()), closed(greeted.resume())]);
  expect(performance.now() - began).toBeLessThan(20_000);
});

it('another certificate is served from the next connection on', async () => {
  const { server, ask } = await serve({ '/inject': () => ({}) });
  const other = await rotate(undefined, { now: Date.now(), dnsNames, nextTrustedSince: undefined });
  expect((await ask('/inject', '{}')).status).toBe(200);
  server.setCertificate(other.serving);
  await expect(ask('/inject', '{}')).rejects.toThrow();
  expect((await ask('/inject', '{}', { ca: caBundleOf(other) })).status).toBe(200);
});

it('what is under way at the end is answered', async () => {
  let release: (() => void) | undefined;
  const { server, ask } = await serve({ '/inject': () => new Promise((resolve) => (release = () => resolve({ late: true }))) });
  const answer = ask('/inject', '{}');
  await until(() => release !== undefined, 'it is asked');
  const closed = server.close(60_000);
  release?.();
  expect((await answer).body).toBe('{"late":true}');
  await closed;
});
