// Secrets as resources: what each proxy gets of them, and how a sidecar without Envoy's API reads them.
import { describe, expect, it } from 'vitest';
import { meshOf } from '../../analysis/testing.ts';
import type { ProxyIdentity } from '../../ir/table.ts';
import { proxyIn } from '../../translate/clusters/testing.ts';
import { routingTable, viewKey } from '../../translate/table.ts';
import { doc } from '../../translate/testing.ts';
import { nodeOf } from '../node.ts';
import { loadEnvoyApi } from '../proto/api.ts';
import { secretReferences } from '../secret-references.ts';
import type { SecretContent } from '../secrets.ts';
import { typeUrls } from '../type-urls.ts';
import { decodeDeltaResponse, encodeDeltaRequest } from './client-messages.ts';
import { decodeSecret } from './secret-message.ts';
import { SecretReplica } from './secret-replica.ts';
import { Session } from './session.ts';
import { withoutSecrets, type XdsNode, type XdsResource } from './view.ts';
import { Views } from './views.ts';

const server = (port: number, tls: string): string => `{port: {number: ${port}, name: p${port}, protocol: HTTPS}, hosts: ["*"], tls: ${tls}}`;
const mesh = meshOf(
  [
    doc('Gateway', 'shop/edge', `selector: {istio: edge}, servers: [${server(443, '{mode: MUTUAL, credentialName: web}')}]`),
    doc('Gateway', 'shop/other', `selector: {istio: other}, servers: [${server(443, '{mode: MUTUAL, credentialName: own, caCertCredentialName: web}')}]`),
  ].join('---\n'),
);
const gateway = (name: string): ProxyIdentity => proxyIn('shop', { role: 'gateway', name, labels: { istio: name } });
const nodeNamed = (name: string): XdsNode => nodeOf({ identity: gateway(name), options: { meshTls: 'none' } }) as unknown as XdsNode;
const pairOf = (text: string) => ({ certificateChain: `chain ${text}`, privateKey: `key ${text}` });

/** Views of a mesh with these Secrets. */
function serving(secrets: Record<string, SecretContent>) {
  const state = { isComing: false, asked: new Set<string>() };
  const api = loadEnvoyApi();
  const views = new Views({
    encode: (typeUrl, json) => api.encode(typeUrl, json),
    tableOf: (proxy) => routingTable(mesh, proxy),
    keyOf: (proxy) => viewKey(mesh, proxy),
    secrets: {
      find(name) {
        state.asked.add(name);
        return secrets[name];
      },
      isComing: () => state.isComing,
    },
  });
  const resources = (name: string): XdsResource[] => [...(views.viewOf(nodeNamed(name), 'delta').resources(typeUrls.secret)?.values() ?? [])];
  const contents = (name: string): Record<string, SecretContent> => Object.fromEntries(resources(name).map((one) => [one.name, decodeSecret(one.bytes)]));
  return { views, state, resources, contents };
}

describe('a proxy', () => {
  it('gets what its table names, as far as it is there', () => {
    const secrets = { 'shop/web': { pair: pairOf('web'), roots: 'roots in it', crl: 'revoked' }, 'shop/more': { pair: pairOf('more') } };
    const { contents, state } = serving(secrets);
    expect(contents('edge')).toEqual({ 'kubernetes://web': { pair: pairOf('web') }, 'kubernetes://web-cacert': { roots: 'roots in it', crl: 'revoked' } });
    // One Secret under one name may be a certificate for one, and roots for another.
    expect(contents('other')).toEqual({ 'kubernetes://web': { roots: 'roots in it', crl: 'revoked' } });
    expect(state.asked).toEqual(new Set(['shop/web', 'shop/web-cacert', 'shop/own']));
  });

  it.each<[string, Record<string, SecretContent>, Record<string, SecretContent>]>([
    ['nothing', {}, {}],
    [
      'roots of their own come before those of the certificate',
      { 'shop/web': { roots: 'a' }, 'shop/web-cacert': { roots: 'b' } },
      { 'kubernetes://web-cacert': { roots: 'b' } },
    ],
    ['no certificate, and no roots', { 'shop/web': { crl: 'x' }, 'shop/web-cacert': { pair: pairOf('a') } }, {}],
  ])('%s', (_, secrets, expected) => {
    expect(serving(secrets).contents('edge')).toEqual(expected);
  });

  it('gets one that has changed, and nothing else', () => {
    const secrets: Record<string, SecretContent> = { 'shop/web': { pair: pairOf('1') }, 'shop/web-cacert': { roots: 'a' } };
    const { views, resources, contents } = serving(secrets);
    const before = resources('edge');
    views.changed();
    expect(resources('edge')).toEqual(before);
    expect(resources('edge').every((one, i) => one === before[i])).toBe(true);
    secrets['shop/web'] = { pair: pairOf('2') };
    views.changed();
    const after = resources('edge');
    expect(after.map((one, i) => one === before[i])).toEqual([false, true]);
    expect(contents('edge')['kubernetes://web']).toEqual({ pair: pairOf('2') });
  });

  it('without a right to them has everything else', () => {
    const { views } = serving({ 'shop/web': { pair: pairOf('web') } });
    const view = views.viewOf(nodeNamed('edge'), 'delta');
    const less = withoutSecrets(view);
    expect(less.resources(typeUrls.secret)).toBeUndefined();
    expect(less.resources(typeUrls.listener)).toBe(view.resources(typeUrls.listener));
    expect(withoutSecrets(view)).toBe(less);
  });

  it('is told to wait where it is not known yet what there is', () => {
    const { views, state } = serving({});
    state.isComing = true;
    const view = views.viewOf(nodeNamed('edge'), 'delta');
    expect(view.resources(typeUrls.secret)?.size).toBe(0);
    state.isComing = false;
    // What the view has is of when it was made.
    expect([view.isComing?.(typeUrls.secret), view.isComing?.(typeUrls.listener)]).toEqual([true, false]);
    views.changed();
    expect(views.viewOf(nodeNamed('edge'), 'delta').isComing?.(typeUrls.secret)).toBe(false);
  });

  it('is asked for namespaces only where it asks for Secrets', () => {
    const { views, resources } = serving({});
    views.viewOf(nodeNamed('edge'), 'delta').resources(typeUrls.listener);
    expect(views.secretNamespaces()).toEqual(new Set());
    resources('edge');
    expect(views.secretNamespaces()).toEqual(new Set(['shop']));
    // A new view that has not been sent yet is for the same proxy.
    views.changed();
    views.viewOf(nodeNamed('edge'), 'delta');
    expect(views.secretNamespaces()).toEqual(new Set(['shop']));
  });
});

it('a session says nothing of Secrets that may come soon, and of all others what it has', () => {
  const { views, state } = serving({});
  state.isComing = true;
  const said: string[] = [];
  const send = (response: { toBuffer(): Buffer }): void => {
    const { typeUrl, removed } = decodeDeltaResponse(response.toBuffer());
    said.push(`${typeUrl.split('.').at(-1)} ${removed.join()}`);
  };
  const settings = { variant: 'delta', answerTimeoutMs: 5_000, output: { ready: () => true, send }, refused: () => {} } as const;
  const session = new Session({ ...settings, view: views.viewOf(nodeNamed('edge'), 'delta') });
  session.receive(encodeDeltaRequest({ typeUrl: typeUrls.secret, subscribe: ['kubernetes://web'] }), 0);
  session.push(10_000);
  expect(said).toEqual([]);
  session.receive(encodeDeltaRequest({ typeUrl: typeUrls.listener, subscribe: ['*'] }), 10_000);
  expect(said).toEqual(['Listener ']);
  state.isComing = false;
  views.changed();
  session.setView(views.viewOf(nodeNamed('edge'), 'delta'), 10_000);
  expect(said).toEqual(['Listener ', 'Secret kubernetes://web']);
});

describe('what a sidecar has of its control plane', () => {
  const references = secretReferences(routingTable(mesh, gateway('edge')));
  const api = loadEnvoyApi();
  const { resources } = serving({ 'shop/web': { pair: pairOf('web'), roots: 'r', crl: 'c' } });
  const all = resources('edge');

  it('is by the names of Secrets', () => {
    const replica = new SecretReplica();
    expect(replica.want(references)).toEqual({ subscribe: ['kubernetes://web', 'kubernetes://web-cacert'], unsubscribe: [] });
    expect(replica.isAnswered).toBe(false);
    expect(replica.update({ resources: all.slice(0, 1), removed: [] })).toBeUndefined();
    expect(replica.isAnswered).toBe(false);
    expect(replica.update({ resources: all.slice(1), removed: [] })).toBeUndefined();
    expect(replica.isAnswered).toBe(true);
    expect(Object.fromEntries(replica.contents())).toEqual({ 'shop/web': { pair: pairOf('web') }, 'shop/web-cacert': { roots: 'r', crl: 'c' } });
    expect(replica.want(references)).toEqual({ subscribe: [], unsubscribe: [] });
  });

  it('stays when it is taken away, and over another stream, but not when nothing names it', () => {
    const replica = new SecretReplica();
    replica.want(references);
    replica.update({ resources: all, removed: [] });
    replica.update({ resources: [], removed: ['kubernetes://web'] });
    replica.restart();
    expect([...replica.versions.keys()]).toEqual(['kubernetes://web', 'kubernetes://web-cacert']);
    expect(replica.want(references).subscribe).toHaveLength(2);
    expect(replica.contents().get('shop/web')).toEqual({ pair: pairOf('web') });
    expect(replica.want([])).toEqual({ subscribe: [], unsubscribe: ['kubernetes://web', 'kubernetes://web-cacert'] });
    expect(replica.versions.size).toBe(0);
  });

  it('is answered also where there is nothing', () => {
    const replica = new SecretReplica();
    replica.want(references);
    expect(replica.update({ resources: [], removed: ['kubernetes://web', 'kubernetes://web-cacert'] })).toBeUndefined();
    expect([replica.isAnswered, replica.contents().size]).toEqual([true, 0]);
  });

  it('is refused where it cannot be read, and the one before goes on', () => {
    const replica = new SecretReplica();
    replica.want(references);
    replica.update({ resources: all, removed: [] });
    const broken = { name: 'kubernetes://web', version: 'x', bytes: Buffer.from('\u0012\u00ffPLANTED-KEY') };
    expect(replica.update({ resources: [broken], removed: [] })).toBe('kubernetes://web cannot be read');
    expect(replica.contents().get('shop/web')).toEqual({ pair: pairOf('web') });
  });

  it('may be bytes as well as texts', () => {
    const bytes = (text: string): { inline_bytes: string } => ({ inline_bytes: Buffer.from(text).toString('base64') });
    const json = { name: 'a', tls_certificate: { certificate_chain: bytes('é'), private_key: bytes('k'), password: bytes('p') } };
    expect(decodeSecret(api.encode(typeUrls.secret, json))).toEqual({ pair: { certificateChain: 'é', privateKey: 'k' } });
  });
});
