// A proxy asks for Secrets some time after it has acknowledged the listener that names them, and until then it has not all of a view.
import { expect, it } from 'vitest';
import { loadEnvoyApi } from '../proto/api.ts';
import { typeUrls } from '../type-urls.ts';
import { decodeDeltaResponse } from './client-messages.ts';
import { Session } from './session.ts';
import { decodeSotwResponse, resource, SimpleView } from './testing.ts';
import type { XdsVariant } from './view.ts';

const { cluster, listener, secret } = typeUrls;
const variants: readonly XdsVariant[] = ['delta', 'sotw'];

/** @param named Secrets that a listener names @param upstream that a cluster does */
function viewOf(named: string[], upstream: string[], secrets: Record<string, string>, before?: SimpleView): SimpleView {
  return new SimpleView(
    {
      [cluster]: [resource('c', `c ${upstream}`, [], upstream)],
      [listener]: [resource('l', `l ${named}`, [], named)],
      [secret]: Object.entries(secrets).map(([name, content]) => resource(name, content)),
    },
    before,
  );
}

class Client {
  readonly session: Session;
  private readonly variant: XdsVariant;
  private readonly nonces: Record<string, string> = {};
  private now = 0;

  constructor(variant: XdsVariant, view: SimpleView) {
    this.variant = variant;
    const read = variant === 'delta' ? decodeDeltaResponse : decodeSotwResponse;
    const send = (bytes: Buffer): void => {
      const { typeUrl, nonce } = read(bytes);
      this.nonces[typeUrl] = nonce;
    };
    const output = { ready: () => true, send: (response: { toBuffer(): Buffer }) => send(response.toBuffer()) };
    this.session = new Session({ variant, view, output, answerTimeoutMs: 5_000, refused: () => {} });
  }

  /** @param names that it has not asked for yet; of all that it wants, in the state-of-the-world variant */
  ask(typeUrl: string, names: string[] = [], all: string[] = names): void {
    this.send(typeUrl, this.variant === 'delta' ? { resource_names_subscribe: names } : { resource_names: all, response_nonce: this.nonces[typeUrl] ?? '' });
  }

  drop(typeUrl: string, names: string[], left: string[]): void {
    this.send(typeUrl, this.variant === 'delta' ? { resource_names_unsubscribe: names } : { resource_names: left, response_nonce: this.nonces[typeUrl] ?? '' });
  }

  acknowledge(typeUrl: string, wanted: string[] = []): void {
    this.send(typeUrl, { response_nonce: this.nonces[typeUrl], ...(this.variant === 'sotw' ? { resource_names: wanted } : {}) });
  }

  see(view: SimpleView): void {
    this.session.setView(view, this.now);
  }

  wait(ms: number): void {
    this.now += ms;
    this.session.push(this.now);
  }

  private send(typeUrl: string, fields: object): void {
    const message = `envoy.service.discovery.v3.${this.variant === 'delta' ? 'DeltaDiscoveryRequest' : 'DiscoveryRequest'}`;
    this.session.receive(loadEnvoyApi().encode(message, { type_url: typeUrl, ...fields }), this.now);
  }
}

/** A proxy that has all that a view has but for Secrets. */
function started(variant: XdsVariant, view: SimpleView): Client {
  const proxy = new Client(variant, view);
  for (const typeUrl of [cluster, listener]) {
    proxy.ask(typeUrl);
    proxy.acknowledge(typeUrl);
  }
  return proxy;
}

it.each(variants)('what a listener names is outstanding until it was asked for, and taken: %s', (variant) => {
  const proxy = started(variant, viewOf(['a'], [], { a: '1' }));
  expect([proxy.session.acknowledged, proxy.session.isStarting]).toEqual([-1, true]);
  proxy.ask(secret, ['a']);
  expect([proxy.session.acknowledged, proxy.session.isStarting]).toEqual([-1, false]);
  proxy.acknowledge(secret, ['a']);
  expect(proxy.session.acknowledged).toBe(0);
});

it.each(variants)('a listener that names a new one is not acknowledged by its answer alone: %s', (variant) => {
  const first = viewOf(['a'], [], { a: '1' });
  const proxy = started(variant, first);
  proxy.ask(secret, ['a']);
  proxy.acknowledge(secret, ['a']);
  const second = viewOf(['a', 'b'], [], { a: '1', b: '1' }, first);
  proxy.see(second);
  proxy.acknowledge(listener);
  // All that it has asked for was sent, and answered.
  expect(proxy.session.acknowledged).toBe(0);
  proxy.wait(10_000);
  expect(proxy.session.acknowledged).toBe(0);
  proxy.ask(secret, ['b'], ['a', 'b']);
  expect(proxy.session.acknowledged).toBe(0);
  proxy.acknowledge(secret, ['a', 'b']);
  expect(proxy.session.acknowledged).toBe(second.generation);
});

it.each(variants)('the same of a cluster: %s', (variant) => {
  const first = viewOf([], [], { a: '1' });
  const proxy = started(variant, first);
  expect(proxy.session.acknowledged).toBe(0);
  const second = viewOf([], ['a'], { a: '1' }, first);
  proxy.see(second);
  proxy.acknowledge(cluster);
  expect(proxy.session.acknowledged).toBe(0);
  proxy.ask(secret, ['a']);
  proxy.acknowledge(secret, ['a']);
  expect(proxy.session.acknowledged).toBe(second.generation);
});

it.each(variants)('one that is not there is had when that was said: %s', (variant) => {
  const proxy = started(variant, viewOf(['a'], [], {}));
  expect(proxy.session.acknowledged).toBe(-1);
  proxy.ask(secret, ['a']);
  proxy.wait(2_000);
  proxy.acknowledge(secret, ['a']);
  expect(proxy.session.acknowledged).toBe(0);
});

it.each(variants)('one that is no longer named, and is named again later, has to be asked for again: %s', (variant) => {
  const first = viewOf(['a'], [], { a: '1' });
  const proxy = started(variant, first);
  proxy.ask(secret, ['a']);
  proxy.acknowledge(secret, ['a']);
  const second = viewOf([], [], { a: '1' }, first);
  proxy.see(second);
  proxy.acknowledge(listener);
  proxy.drop(secret, ['a'], []);
  expect(proxy.session.acknowledged).toBe(second.generation);
  const third = viewOf(['a'], [], { a: '1' }, second);
  proxy.see(third);
  proxy.acknowledge(listener);
  expect(proxy.session.acknowledged).toBe(second.generation);
  proxy.ask(secret, ['a']);
  proxy.acknowledge(secret, ['a']);
  expect(proxy.session.acknowledged).toBe(third.generation);
});

it('a proxy with a table of its own is not waited for: it asks for parts of tables', () => {
  const proxy = new Client('delta', new SimpleView({ [typeUrls.tablePart]: [resource('p', '1', [], ['a'])] }));
  proxy.ask(typeUrls.tablePart);
  proxy.acknowledge(typeUrls.tablePart);
  expect(proxy.session.acknowledged).toBe(0);
});
