import { beforeEach, describe, expect, it } from 'vitest';
import { loadEnvoyApi } from '../proto/api.ts';
import { typeUrls } from '../type-urls.ts';
import { decodeDeltaResponse } from './client-messages.ts';
import { Session } from './session.ts';
import { decodeSotwResponse, resource, SimpleView } from './testing.ts';
import type { XdsResource, XdsVariant } from './view.ts';

const { cluster, endpoints, listener, routes, virtualHost, tablePart } = typeUrls;
const short: Record<string, string> = { [cluster]: 'CDS', [endpoints]: 'EDS', [listener]: 'LDS', [routes]: 'RDS', [virtualHost]: 'VHDS', [tablePart]: 'parts' };

/** `a1 b2`: resources a and b with contents 1 and 2. */
const resources = (text: string): XdsResource[] => text.split(' ').flatMap((word) => (word === '' ? [] : [resource(word.slice(0, -1), word.slice(-1))]));

type Contents = Partial<Record<'CDS' | 'EDS' | 'LDS' | 'RDS' | 'VHDS' | 'parts', string>>;

/** A stream as a proxy sees it: what is said, in one line each. */
class Talk {
  private readonly api = loadEnvoyApi();
  private readonly variant: XdsVariant;
  private readonly session: Session;
  private view: SimpleView;
  private said: string[] = [];
  private isReady = true;
  private nonces: Record<string, string> = {};
  private versions: Record<string, string> = {};
  refusals: string[] = [];
  now = 0;

  constructor(variant: XdsVariant, contents: Contents) {
    this.variant = variant;
    this.view = this.viewOf(contents);
    this.session = new Session({
      variant,
      view: this.view,
      answerTimeoutMs: 5_000,
      output: { ready: () => this.isReady, send: (response) => this.said.push(this.describe(response.toBuffer())) },
      refused: (typeUrl, text) => this.refusals.push(`${short[typeUrl]} ${text}`),
    });
  }

  private viewOf(contents: Contents): SimpleView {
    const typeUrlOf = (kind: string): string => Object.keys(short).find((url) => short[url] === kind) as string;
    return new SimpleView(Object.fromEntries(Object.entries(contents).map(([kind, text]) => [typeUrlOf(kind), resources(text)])), this.view);
  }

  /** `CDS a1 -b`: a with content 1, and b is removed. */
  private describe(bytes: Buffer): string {
    if (this.variant === 'delta') {
      const { typeUrl, nonce, resources: all, removed } = decodeDeltaResponse(bytes);
      this.nonces[short[typeUrl] as string] = nonce;
      const isAbsent = (version: string): boolean => version === 'none';
      const words = all.map(({ name, version, bytes: content }) => `${name}${isAbsent(version) ? ':none' : Buffer.from(content ?? []).toString()}`);
      return [short[typeUrl], ...words, ...removed.map((name) => `-${name}`)].join(' ');
    }
    const { typeUrl, nonce, version, contents } = decodeSotwResponse(bytes);
    this.nonces[short[typeUrl] as string] = nonce;
    this.versions[short[typeUrl] as string] = version;
    return [short[typeUrl], ...contents].join(' ');
  }

  /** What was said since the last call. */
  get heard(): string[] {
    return this.said.splice(0);
  }

  private send(kind: string, fields: Record<string, unknown>): string[] {
    const typeUrl = Object.keys(short).find((url) => short[url] === kind) as string;
    const message = `envoy.service.discovery.v3.${this.variant === 'delta' ? 'DeltaDiscoveryRequest' : 'DiscoveryRequest'}`;
    this.session.receive(this.api.encode(message, { type_url: typeUrl, ...(fields as object) }), this.now);
    return this.heard;
  }

  /** @param versions of what the proxy has from an earlier stream */
  ask(kind: string, names: string[] = [], versions: string[] = []): string[] {
    const initial = Object.fromEntries(resources(versions.join(' ')).map(({ name, version }) => [name, version]));
    return this.variant === 'delta'
      ? this.send(kind, { resource_names_subscribe: names, initial_resource_versions: initial })
      : this.send(kind, { resource_names: names });
  }

  drop(kind: string, names: string[]): string[] {
    return this.send(kind, { resource_names_unsubscribe: names });
  }

  /** @param names in the state-of-the-world variant: all that is wanted */
  ack(kind: string, names: string[] = [], nonce = this.nonces[kind]): string[] {
    return this.send(kind, { response_nonce: nonce, ...(this.variant === 'sotw' ? { resource_names: names, version_info: this.versions[kind] } : {}) });
  }

  nack(kind: string, text: string, names: string[] = []): string[] {
    return this.send(kind, {
      response_nonce: this.nonces[kind],
      error_detail: { code: 3, message: text },
      ...(this.variant === 'sotw' ? { resource_names: names } : {}),
    });
  }

  nonce(kind: string): string {
    return this.nonces[kind] as string;
  }

  version(kind: string): string {
    return this.versions[kind] as string;
  }

  /** Sends what a proxy sends that has this version from an earlier stream. */
  askWithVersion(kind: string, version: string): string[] {
    return this.send(kind, { version_info: version });
  }

  change(contents: Contents): string[] {
    this.view = this.viewOf(contents);
    this.session.setView(this.view, this.now);
    return this.heard;
  }

  wait(ms: number): string[] {
    this.now += ms;
    this.session.push(this.now);
    return this.heard;
  }

  block(): void {
    this.isReady = false;
  }

  unblock(): string[] {
    this.isReady = true;
    this.session.push(this.now);
    return this.heard;
  }

  states(): Record<string, [isCurrent: boolean, refusal: string | undefined]> {
    return Object.fromEntries(this.session.subscriptions.map((one) => [short[one.typeUrl], [one.isCurrent, one.refusal?.text]]));
  }
}

describe('delta', () => {
  it('sends everything to whoever names nothing, and afterwards what changes', () => {
    const talk = new Talk('delta', { CDS: 'a1 b1' });
    expect(talk.ask('CDS')).toEqual(['CDS a1 b1']);
    expect(talk.ack('CDS')).toEqual([]);
    expect(talk.change({ CDS: 'a1 b2 c1' })).toEqual(['CDS b2 c1']);
    expect(talk.ack('CDS')).toEqual([]);
    expect(talk.change({ CDS: 'a1 b2 c1' })).toEqual([]);
  });

  it('answers a first request of everything even where there is nothing', () => {
    const talk = new Talk('delta', {});
    expect(talk.ask('CDS')).toEqual(['CDS']);
    expect(talk.ack('CDS')).toEqual([]);
    expect(talk.ask('parts')).toEqual(['parts']);
  });

  it.each([
    ['everything by *', ['*'], ['parts a1 b1']],
    ['names', ['b'], ['parts b1']],
    ['a name that there is not, as removed', ['b', 'x'], ['parts b1 -x']],
  ])('%s', (_, names, heard) => {
    expect(new Talk('delta', { parts: 'a1 b1' }).ask('parts', names)).toEqual(heard);
  });

  it('a name that was not there is sent when it is', () => {
    const talk = new Talk('delta', { RDS: '' });
    expect(talk.ask('RDS', ['r'])).toEqual(['RDS -r']);
    talk.ack('RDS');
    expect(talk.change({ RDS: 'r1 s1' })).toEqual(['RDS r1']);
  });

  it('more names, and less', () => {
    const talk = new Talk('delta', { parts: 'a1 b1 c1' });
    talk.ask('parts', ['a']);
    talk.ack('parts');
    expect(talk.ask('parts', ['b'])).toEqual(['parts b1']);
    talk.ack('parts');
    expect(talk.drop('parts', ['a'])).toEqual([]);
    expect(talk.change({ parts: 'a2 b2 c2' })).toEqual(['parts b2']);
  });

  it('whoever asks for a name again gets it again', () => {
    const talk = new Talk('delta', { parts: 'a1' });
    talk.ask('parts', ['a']);
    talk.ack('parts');
    expect(talk.ask('parts', ['a'])).toEqual(['parts a1']);
  });

  it('everything after names, and names again', () => {
    const talk = new Talk('delta', { parts: 'a1 b1 c1' });
    talk.ask('parts', ['a']);
    talk.ack('parts');
    expect(talk.ask('parts', ['*'])).toEqual(['parts b1 c1']);
    talk.ack('parts');
    expect(talk.drop('parts', ['*'])).toEqual([]);
    expect(talk.change({ parts: 'a2 b2 c2' })).toEqual(['parts a2']);
  });

  it('a name that is dropped by who has everything is sent again', () => {
    const talk = new Talk('delta', { parts: 'a1 b1' });
    talk.ask('parts', ['*', 'a']);
    talk.ack('parts');
    expect(talk.drop('parts', ['a'])).toEqual(['parts a1']);
  });

  it('after a reconnection sends what the proxy has not', () => {
    const talk = new Talk('delta', { parts: 'a1 b2 c1' });
    expect(talk.ask('parts', [], ['a1', 'b1', 'x1'])).toEqual(['parts b2 c1 -x']);
  });

  it('after a reconnection sends nothing to who has all', () => {
    const talk = new Talk('delta', { CDS: 'a1', EDS: 'a1', LDS: 'l1', RDS: 'r1', VHDS: 'r/h1' });
    expect(talk.ask('CDS', [], ['a1'])).toEqual([]);
    expect(talk.ask('EDS', ['a'], ['a1'])).toEqual([]);
    expect(talk.ask('LDS', [], ['l1'])).toEqual([]);
    expect(talk.ask('RDS', ['r'], ['r1'])).toEqual([]);
    expect(talk.ask('VHDS', [], ['r/h1'])).toEqual([]);
    expect(Object.values(talk.states()).every(([isCurrent]) => isCurrent)).toBe(true);
  });

  it('waits for the answer, and then sends the last state only', () => {
    const talk = new Talk('delta', { LDS: 'a1' });
    talk.ask('LDS');
    expect(talk.change({ LDS: 'a2' })).toEqual([]);
    expect(talk.change({ LDS: 'a3 b1' })).toEqual([]);
    expect(talk.change({ LDS: 'a4' })).toEqual([]);
    expect(talk.ack('LDS')).toEqual(['LDS a4']);
  });

  it('holds nothing but the last state for a proxy that takes nothing', () => {
    const talk = new Talk('delta', { LDS: 'a1' });
    talk.ask('LDS');
    talk.ack('LDS');
    talk.block();
    expect(talk.change({ LDS: 'a2' })).toEqual([]);
    expect(talk.change({ LDS: 'a3' })).toEqual([]);
    expect(talk.unblock()).toEqual(['LDS a3']);
  });

  it('takes no notice of an answer to what was answered', () => {
    const talk = new Talk('delta', { LDS: 'a1' });
    talk.ask('LDS');
    const first = talk.nonce('LDS');
    talk.ack('LDS');
    expect(talk.change({ LDS: 'a2' })).toEqual(['LDS a2']);
    expect(talk.ack('LDS', [], first)).toEqual([]);
    expect(talk.change({ LDS: 'a3' })).toEqual([]);
    expect(talk.ack('LDS')).toEqual(['LDS a3']);
  });

  it('goes on without an answer, after a while, but not for ever', () => {
    const talk = new Talk('delta', { LDS: 'a1' });
    talk.ask('LDS');
    const sent = Array.from({ length: 6 }, (_, i) => {
      talk.change({ LDS: `a${i + 2}` });
      return talk.wait(5_000);
    });
    expect(sent).toEqual([['LDS a2'], ['LDS a3'], ['LDS a4'], [], [], []]);
  });
});

describe('make before break', () => {
  const first: Contents = { CDS: 'a1', EDS: 'a1', LDS: 'l1', RDS: 'r1', VHDS: 'r/h1' };
  let talk: Talk;

  beforeEach(() => {
    talk = new Talk('delta', first);
    expect(talk.ask('CDS')).toEqual(['CDS a1']);
    expect(talk.ask('EDS', ['a'])).toEqual(['EDS a1']);
    talk.ack('EDS');
    talk.ack('CDS');
    expect(talk.ask('LDS')).toEqual(['LDS l1']);
    expect(talk.ask('RDS', ['r'])).toEqual(['RDS r1']);
    talk.ack('LDS');
    talk.ask('VHDS');
    expect(talk.ack('RDS')).toEqual([]);
    expect(talk.ack('VHDS')).toEqual(['VHDS r/h1']);
    talk.ack('VHDS');
    talk.wait(1_000);
  });

  it('clusters, endpoints, listeners, routes, virtual hosts; removals at the end', () => {
    expect(talk.change({ CDS: 'b1', EDS: 'b1', LDS: 'l2', RDS: 'r2', VHDS: 'r/h2' })).toEqual(['CDS b1']);
    // Envoy acknowledges clusters when they have endpoints.
    expect(talk.ask('EDS', ['b'])).toEqual(['EDS b1']);
    expect(talk.ack('EDS')).toEqual([]);
    expect(talk.ack('CDS')).toEqual(['LDS l2', 'RDS r2', 'VHDS r/h2']);
    expect(talk.ack('LDS')).toEqual([]);
    expect(talk.ack('RDS')).toEqual([]);
    expect(talk.ack('VHDS')).toEqual(['CDS -a']);
    talk.drop('EDS', ['a']);
    expect(talk.ack('CDS')).toEqual([]);
  });

  it('a cluster that is back before it was removed is not sent', () => {
    talk.change({ ...first, CDS: 'b1', LDS: 'l2' });
    expect(talk.ack('CDS')).toEqual(['LDS l2']);
    expect(talk.change({ ...first, CDS: 'a1 b1', LDS: 'l2' })).toEqual([]);
    expect(talk.ack('LDS')).toEqual([]);
  });

  it('a listener goes in the same response in which another comes, which may have its address', () => {
    expect(talk.change({ ...first, LDS: 'm1' })).toEqual(['LDS m1 -l']);
  });

  it('endpoints change without waiting for anything', () => {
    talk.change({ ...first, CDS: 'a1 b1', LDS: 'l2' });
    expect(talk.change({ ...first, CDS: 'a1 b1', EDS: 'a2', LDS: 'l2' })).toEqual(['EDS a2']);
  });

  it('endpoints are sent again for a cluster that changes: Envoy makes it anew', () => {
    expect(talk.change({ ...first, CDS: 'a2' })).toEqual(['CDS a2', 'EDS a1']);
  });

  it('endpoints that are gone are empty ones: Envoy ignores removals, and waits for ever', () => {
    expect(talk.change({ ...first, EDS: '' })).toEqual(['EDS a:none']);
    talk.ack('EDS');
    expect(talk.ask('EDS', ['x'])).toEqual(['EDS x:none']);
  });

  it('what a proxy never answers holds up the rest for a while only', () => {
    expect(talk.change({ ...first, CDS: 'a1 b1', LDS: 'l2' })).toEqual(['CDS b1']);
    expect(talk.wait(4_999)).toEqual([]);
    expect(talk.wait(1)).toEqual(['LDS l2']);
  });

  it('virtual hosts come and go in one response: a domain may move between them', () => {
    expect(talk.change({ ...first, VHDS: 'r/i1' })).toEqual(['VHDS r/i1 -r/h']);
  });

  it('virtual hosts come after their routes, and again when the proxy has thrown those away', () => {
    expect(talk.change({ ...first, LDS: 'l1 m1', RDS: 'r1 s1', VHDS: 'r/h1 s/h1' })).toEqual(['LDS m1']);
    expect(talk.ask('RDS', ['s'])).toEqual(['RDS s1']);
    expect(talk.ack('RDS')).toEqual(['VHDS s/h1']);
    talk.ack('VHDS');
    talk.drop('RDS', ['s']);
    expect(talk.ask('RDS', ['s'])).toEqual(['RDS s1']);
    expect(talk.ack('RDS')).toEqual(['VHDS s/h1']);
  });

  it('routes that were on their way when the proxy threw them away count as gone', () => {
    expect(talk.change({ ...first, RDS: 'r2' })).toEqual(['RDS r2']);
    talk.drop('RDS', ['r']);
    expect(talk.ack('RDS')).toEqual([]);
    expect(talk.ask('RDS', ['r'])).toEqual(['RDS r2']);
    expect(talk.ack('RDS')).toEqual(['VHDS r/h1']);
  });

  it('routes without virtual hosts get the removal of one that never was: Envoy waits for a word', () => {
    expect(talk.change({ ...first, RDS: 'r1 s1' })).toEqual([]);
    expect(talk.ask('RDS', ['s'])).toEqual(['RDS s1']);
    expect(talk.ack('RDS')).toEqual(['VHDS -s/']);
    expect(talk.ack('VHDS')).toEqual([]);
  });
});

describe('after a reconnection', () => {
  it('nothing is removed before the proxy has had time to ask for all', () => {
    const talk = new Talk('delta', { CDS: 'b1', LDS: 'l2' });
    expect(talk.ask('CDS', [], ['a1'])).toEqual(['CDS b1']);
    expect(talk.ack('CDS')).toEqual([]);
    expect(talk.ask('LDS', [], ['l1'])).toEqual(['LDS l2']);
    expect(talk.ack('LDS')).toEqual([]);
    expect(talk.wait(1_000)).toEqual(['CDS -a']);
  });

  it('a proxy that does not ask for clusters waits for endpoints: it gets those that it has, too', () => {
    const talk = new Talk('delta', { CDS: 'a1', EDS: 'a1 b1', LDS: 'l2' });
    expect(talk.ask('EDS', ['a', 'b'], ['a1', 'b1'])).toEqual(['EDS a1 b1']);
    talk.ack('EDS');
    expect(talk.ask('LDS', [], ['l1'])).toEqual([]);
    expect(talk.ask('CDS', [], ['a1'])).toEqual(['LDS l2']);
  });

  it('endpoints of a cluster that was sent on this stream are sent, too', () => {
    const talk = new Talk('delta', { CDS: 'a2 b1', EDS: 'a1 b1' });
    expect(talk.ask('CDS', [], ['a1', 'b1'])).toEqual(['CDS a2']);
    expect(talk.ask('EDS', ['a', 'b'], ['a1', 'b1'])).toEqual(['EDS a1']);
  });
});

describe('refusals', () => {
  it('are told, do not lead to the same response, and end with a version that is taken', () => {
    const talk = new Talk('delta', { LDS: 'a1 b1' });
    talk.ask('LDS');
    talk.ack('LDS');
    expect(talk.change({ LDS: 'a2 b2' })).toEqual(['LDS a2 b2']);
    expect(talk.nack('LDS', 'b: no address')).toEqual([]);
    expect(talk.refusals).toEqual(['LDS b: no address']);
    expect(talk.wait(60_000)).toEqual([]);
    expect(talk.states()).toEqual({ LDS: [true, 'b: no address'] });
    // Envoy has taken the other one.
    expect(talk.change({ LDS: 'a3 b2' })).toEqual(['LDS a3']);
    talk.ack('LDS');
    expect(talk.states()).toEqual({ LDS: [true, 'b: no address'] });
    expect(talk.change({ LDS: 'a3 b3' })).toEqual(['LDS b3']);
    talk.ack('LDS');
    expect(talk.states()).toEqual({ LDS: [true, undefined] });
  });

  it('of routes: the good ones are found, and the last good version of the bad one stays', () => {
    const talk = new Talk('delta', { RDS: 'a1 b1 c1 d1' });
    expect(talk.ask('RDS', ['a', 'b', 'c', 'd'])).toEqual(['RDS a1 b1 c1 d1']);
    expect(talk.nack('RDS', 'c')).toEqual(['RDS a1 b1']);
    expect(talk.ack('RDS')).toEqual(['RDS c1 d1']);
    expect(talk.nack('RDS', 'c')).toEqual(['RDS c1']);
    expect(talk.nack('RDS', 'c')).toEqual(['RDS d1']);
    expect(talk.ack('RDS')).toEqual([]);
    expect(talk.states()).toEqual({ RDS: [true, 'c'] });
    expect(talk.change({ RDS: 'a1 b2 c1 d1' })).toEqual(['RDS b2']);
    talk.ack('RDS');
    expect(talk.states()).toEqual({ RDS: [true, 'c'] });
    expect(talk.change({ RDS: 'a1 b2 c2 d1' })).toEqual(['RDS c2']);
    talk.ack('RDS');
    expect(talk.states()).toEqual({ RDS: [true, undefined] });
  });

  it('of everything end', () => {
    const names = Array.from({ length: 500 }, (_, i) => `n${i}`);
    const talk = new Talk('delta', { RDS: names.map((name) => `${name}1`).join(' ') });
    let responses = talk.ask('RDS', names);
    let count = 0;
    for (; responses.length > 0; count++) responses = talk.nack('RDS', 'no');
    expect(count).toBeLessThan(100);
    expect(talk.change({ RDS: names.map((name) => `${name}2`).join(' ') })).toHaveLength(1);
  });

  it('of a part of a response: the routes of the rest may be there, and get their virtual hosts', () => {
    const talk = new Talk('delta', { RDS: 'r1 s1', VHDS: 'r/h1 s/h1' });
    talk.ask('VHDS');
    talk.ack('VHDS');
    talk.ask('RDS', ['r', 's']);
    expect(talk.nack('RDS', 's').sort()).toEqual(['RDS r1', 'VHDS r/h1 s/h1']);
    talk.ack('VHDS');
    // Now it is certain that there was nobody to take them.
    expect(talk.ack('RDS')).toEqual(['RDS s1', 'VHDS r/h1']);
  });
});

describe('state of the world', () => {
  it('sends all clusters when one changes, and routes one by one', () => {
    const talk = new Talk('sotw', { CDS: 'a1 b2', RDS: 'r3 s4' });
    expect(talk.ask('CDS')).toEqual(['CDS 1 2']);
    expect(talk.ack('CDS')).toEqual([]);
    expect(talk.ask('RDS', ['r', 's'])).toEqual(['RDS 3 4']);
    expect(talk.ack('RDS', ['r', 's'])).toEqual([]);
    expect(talk.change({ CDS: 'a1 b5', RDS: 'r3 s4' })).toEqual(['CDS 1 5']);
    talk.ack('CDS');
    expect(talk.change({ CDS: 'a1 b5', RDS: 'r3 s6' })).toEqual(['RDS 6']);
    expect(talk.ack('RDS', ['r', 's'])).toEqual([]);
  });

  it('removes clusters in a second step, when the routes have changed', () => {
    const talk = new Talk('sotw', { CDS: 'a1', RDS: 'r1' });
    talk.ask('CDS');
    talk.ack('CDS');
    talk.ask('RDS', ['r']);
    talk.ack('RDS', ['r']);
    talk.wait(1_000);
    expect(talk.change({ CDS: 'b2', RDS: 'r2' })).toEqual(['CDS 2 1']);
    const union = talk.version('CDS');
    expect(talk.ack('CDS')).toEqual(['RDS 2']);
    expect(talk.ack('RDS', ['r'])).toEqual(['CDS 2']);
    expect(talk.version('CDS')).not.toBe(union);
    expect(talk.ack('CDS')).toEqual([]);
    expect(talk.wait(60_000)).toEqual([]);
  });

  it('removes a listener with the change', () => {
    const talk = new Talk('sotw', { LDS: 'a1 b2' });
    talk.ask('LDS');
    talk.ack('LDS');
    expect(talk.change({ LDS: 'a1' })).toEqual(['LDS 1']);
  });

  it('names that come with an answer, or later with the same nonce, are answered', () => {
    const talk = new Talk('sotw', { EDS: 'a1 b2 c3' });
    expect(talk.ask('EDS', ['a'])).toEqual(['EDS 1']);
    expect(talk.ack('EDS', ['a', 'b'])).toEqual(['EDS 2']);
    expect(talk.ack('EDS', ['a', 'b'])).toEqual([]);
    expect(talk.ack('EDS', ['a', 'b', 'c'])).toEqual(['EDS 3']);
    talk.ack('EDS', ['a', 'b', 'c']);
    expect(talk.ack('EDS', ['c'])).toEqual([]);
    expect(talk.change({ EDS: 'a4 b5 c3' })).toEqual([]);
  });

  it('takes no notice of a request that was written before the last response came', () => {
    const talk = new Talk('sotw', { EDS: 'a1 b2' });
    talk.ask('EDS', ['a']);
    const first = talk.nonce('EDS');
    talk.ack('EDS', ['a']);
    expect(talk.change({ EDS: 'a3 b2' })).toEqual(['EDS 3']);
    expect(talk.ack('EDS', ['b'], first)).toEqual([]);
    expect(talk.ack('EDS', ['a', 'b'])).toEqual(['EDS 2']);
  });

  it('answers a name that there is not', () => {
    const talk = new Talk('sotw', { RDS: '' });
    expect(talk.ask('RDS', ['x'])).toEqual(['RDS']);
    expect(talk.ack('RDS', ['x'])).toEqual([]);
    expect(talk.change({ RDS: 'x1' })).toEqual(['RDS 1']);
  });

  it('a refused set is not sent again', () => {
    const talk = new Talk('sotw', { LDS: 'a1' });
    talk.ask('LDS');
    talk.ack('LDS');
    expect(talk.change({ LDS: 'a2' })).toEqual(['LDS 2']);
    expect(talk.nack('LDS', 'a: no')).toEqual([]);
    expect(talk.wait(60_000)).toEqual([]);
    expect(talk.change({ LDS: 'a1' })).toEqual(['LDS 1']);
  });

  it('after a reconnection does not send a set that the proxy has', () => {
    const talk = new Talk('sotw', { LDS: 'a1 b2' });
    talk.ask('LDS');
    const version = talk.version('LDS');
    const again = new Talk('sotw', { LDS: 'b2 a1' });
    expect(again.askWithVersion('LDS', version)).toEqual([]);
    expect(again.states()).toEqual({ LDS: [true, undefined] });
    expect(new Talk('sotw', { LDS: 'a1' }).askWithVersion('LDS', version)).toEqual(['LDS 1']);
  });
});
