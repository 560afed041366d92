// Whatever changes, is refused or breaks off: in the end a proxy has just what its view holds, and on the way it never lacks what it
// refers to. The proxies here behave as Envoy does.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { typeUrls } from '../type-urls.ts';
import { type DeltaResponse, decodeDeltaResponse, encodeDeltaRequest } from './client-messages.ts';
import { Session } from './session.ts';
import { routesOfVirtualHost } from './set-diff.ts';
import { resource, SimpleView } from './testing.ts';
import type { XdsResource } from './view.ts';

const { cluster, endpoints, listener, routes, secret, virtualHost } = typeUrls;

/** Names that a resource refers to are in its content: `to c1 c2;version`. */
const referredBy = (content: string): string[] => wordsIn(/^to ([^;]*);/, content);
/** The same of Secrets: `…; with s1`. */
const secretsOf = (content: string): string[] => wordsIn(/; with (.*)$/, content);
const wordsIn = (pattern: RegExp, content: string): string[] => (pattern.exec(content)?.[1] ?? '').split(' ').filter((name) => name !== '');

interface Mesh {
  /** Versions by name. */
  clusters: Record<string, number>;
  endpoints: Record<string, number>;
  /** By listener: its route configurations. */
  listeners: Record<string, { routes: string[]; secrets: string[]; version: number }>;
  secrets: Record<string, number>;
  routes: Record<string, { clusters: string[]; version: number }>;
  hosts: Record<string, { clusters: string[]; version: number }>;
  bad: string[];
}

function viewOf(mesh: Mesh, before: SimpleView | undefined): SimpleView {
  const existing = (names: string[]): string[] => names.filter((name) => mesh.clusters[name] !== undefined);
  const usedRoutes = new Set(Object.values(mesh.listeners).flatMap((one) => one.routes));
  const content = (name: string, to: string[], version: number, refers: string[] = [], secrets: string[] = []): XdsResource =>
    resource(name, `to ${to.join(' ')};${version}${mesh.bad.includes(name) ? ' bad' : ''}; with ${secrets.join(' ')}`, refers, secrets);
  const resources = <T extends object>(byName: Record<string, T>, make: (name: string, one: T) => XdsResource): XdsResource[] =>
    Object.entries(byName).map(([name, one]) => make(name, one));
  return new SimpleView(
    {
      [cluster]: Object.entries(mesh.clusters).map(([name, version]) => content(name, [], version, [name])),
      [endpoints]: Object.keys(mesh.clusters).map((name) => resource(name, `endpoints ${mesh.endpoints[name] ?? 0}`)),
      [listener]: resources(mesh.listeners, (name, one) => content(name, one.routes, one.version, one.routes, one.secrets)),
      [secret]: Object.entries(mesh.secrets).map(([name, version]) => resource(name, `secret ${version}`)),
      [routes]: [...usedRoutes].map((name) => content(name, existing(mesh.routes[name]?.clusters ?? []), mesh.routes[name]?.version ?? 0, [name])),
      [virtualHost]: resources(mesh.hosts, (name, one) => content(name, existing(one.clusters), one.version)).filter(({ name }) =>
        usedRoutes.has(routesOfVirtualHost(name)),
      ),
    },
    before,
  );
}

interface Had {
  version: string;
  content: string;
}

/** Envoy, as far as its resources are concerned. */
class Envoy {
  readonly has: Record<string, Map<string, Had>> = {
    [cluster]: new Map(),
    [endpoints]: new Map(),
    [listener]: new Map(),
    [routes]: new Map(),
    [virtualHost]: new Map(),
    [secret]: new Map(),
  };
  readonly requests: Buffer[] = [];
  /** Route configurations that wait for a word about their virtual hosts. */
  readonly untold = new Set<string>();
  /** Clusters that wait for endpoints. */
  readonly warming = new Set<string>();
  /** Acknowledgements of clusters wait until all are warm. */
  private heldBack: Buffer[] = [];
  private subscribed = new Set<string>();
  /** Types in the order in which they were first asked for. */
  private readonly order: string[] = [];
  private readonly names: Record<string, Set<string>> = { [endpoints]: new Set(), [routes]: new Set(), [secret]: new Set() };
  /** Resources that came though the proxy had them, and had not asked for them. */
  needless: string[] = [];
  problems: string[] = [];
  private expected = new Set<string>();
  private readonly checksReferences: boolean;

  constructor(checksReferences: boolean) {
    this.checksReferences = checksReferences;
  }

  held(typeUrl: string): Map<string, Had> {
    return this.has[typeUrl] as Map<string, Had>;
  }

  connect(): void {
    this.requests.length = 0;
    this.heldBack = [];
    this.subscribed = new Set();
    // Envoy asks for no clusters as long as it waits for endpoints of those that it has.
    for (const typeUrl of this.order.length > 0 ? this.order : [cluster, listener]) {
      // Who wants nothing of what is asked for by name does not ask.
      const isNeeded = typeUrl === cluster ? this.warming.size === 0 : this.names[typeUrl]?.size !== 0;
      if (isNeeded) this.start(typeUrl);
    }
  }

  private start(typeUrl: string): void {
    this.subscribed.add(typeUrl);
    if (!this.order.includes(typeUrl)) this.order.push(typeUrl);
    const initialVersions = new Map([...this.held(typeUrl)].map(([name, { version }]) => [name, version]));
    const node = { id: 'n', cluster: '', locality: { region: '', zone: '', subzone: '' }, metadata: {} };
    this.requests.push(encodeDeltaRequest({ node, typeUrl, subscribe: [...(this.names[typeUrl] ?? [])], initialVersions }));
    for (const name of this.names[typeUrl] ?? [])
      if (!this.held(typeUrl).has(name) || (typeUrl === endpoints && this.warming.size > 0)) this.expected.add(`${typeUrl} ${name}`);
  }

  /** Asks for what the resources that it has refer to. */
  private follow(typeUrl: string, wanted: Set<string>): void {
    const had = this.names[typeUrl] as Set<string>;
    const subscribe = [...wanted].filter((name) => !had.has(name));
    const unsubscribe = [...had].filter((name) => !wanted.has(name));
    if (subscribe.length + unsubscribe.length === 0) return;
    for (const name of subscribe) {
      had.add(name);
      this.expected.add(`${typeUrl} ${name}`);
    }
    for (const name of unsubscribe) {
      had.delete(name);
      this.held(typeUrl).delete(name);
      this.expected.delete(`${typeUrl} ${name}`);
      if (typeUrl === routes) this.dropHosts(name);
      this.untold.delete(name);
    }
    if (this.subscribed.has(typeUrl)) this.requests.push(deltaChange(typeUrl, subscribe, unsubscribe));
    else this.start(typeUrl);
  }

  /** Whether something that it has refers to it: else it asks for it no more. */
  needs(typeUrl: string, name: string): boolean {
    if (typeUrl === endpoints) return this.held(cluster).has(name);
    if (typeUrl === routes) return [...this.held(listener).values()].some(({ content }) => referredBy(content).includes(name));
    if (typeUrl === secret) return [...this.held(listener).values()].some(({ content }) => secretsOf(content).includes(name));
    return typeUrl !== virtualHost || this.held(routes).has(routesOfVirtualHost(name));
  }

  private dropHosts(name: string): void {
    // Envoy goes on to report them, and no longer uses them: it does so here by having them no more.
    for (const host of [...this.held(virtualHost).keys()]) if (routesOfVirtualHost(host) === name) this.held(virtualHost).delete(host);
  }

  take({ typeUrl, nonce, resources, removed }: DeltaResponse): void {
    const had = this.held(typeUrl);
    const bad = resources.find(({ bytes }) => text(bytes).includes('bad'));
    const allBad = resources.filter(({ bytes }) => text(bytes).includes('bad'));
    // Of what is taken one by one, all that is wrong is named.
    // What is wrong in a way that the message cannot be read takes all others with it.
    const isUnreadable = Number(nonce) % 3 === 0;
    const refusal = bad && (isUnreadable ? `name: "${bad.name}": Proto constraint validation failed` : `${allBad.map(({ name }) => name).join(', ')} is bad`);
    const whole = (typeUrl === cluster || typeUrl === listener) && !(bad && isUnreadable);
    // Of what is taken as a whole, what is before the bad one may be taken or not.
    const cut = bad === undefined ? resources.length : Number(nonce) % 2 === 0 && !isUnreadable ? resources.indexOf(bad) : 0;
    const taken = bad && whole ? resources.filter(({ bytes }) => !text(bytes).includes('bad')) : resources.slice(0, cut);
    for (const { name, version, bytes } of taken) this.takeOne(typeUrl, name, { version, content: text(bytes) }, resources.length);
    if (!bad || whole) for (const name of removed) if (typeUrl !== routes) this.remove(typeUrl, name);
    if (typeUrl === virtualHost && !bad) for (const name of [...taken.map((one) => one.name), ...removed]) this.untold.delete(routesOfVirtualHost(name));
    if (bad) for (const { name } of resources) this.expected.add(`${typeUrl} ${name}`);

    const ack = encodeDeltaRequest({ typeUrl, nonce, ...(refusal === undefined ? {} : { refusal }) });
    if (typeUrl === cluster) this.follow(endpoints, new Set(this.held(cluster).keys()));
    if (typeUrl === listener) this.follow(routes, new Set([...had.values()].flatMap(({ content }) => referredBy(content))));
    if (typeUrl === listener) this.follow(secret, new Set([...had.values()].flatMap(({ content }) => secretsOf(content))));
    if (typeUrl === routes && this.held(routes).size > 0 && !this.subscribed.has(virtualHost)) this.start(virtualHost);
    if (typeUrl === cluster && this.warming.size > 0) this.heldBack.push(ack);
    else this.requests.push(ack);
    if (this.warming.size === 0) {
      this.requests.push(...this.heldBack.splice(0));
      if (!this.subscribed.has(cluster)) this.start(cluster);
    }
    this.check();
  }

  private takeOne(typeUrl: string, name: string, one: Had, count: number): void {
    const had = this.held(typeUrl);
    // On its way when the proxy no longer wanted it.
    if (this.names[typeUrl]?.has(name) === false) return;
    if (typeUrl === virtualHost && !this.held(routes).has(routesOfVirtualHost(name))) return;
    const key = `${typeUrl} ${name}`;
    if (had.get(name)?.version === one.version && !this.expected.delete(key)) this.needless.push(`${key} (${count})`);
    if (typeUrl === cluster && had.get(name)?.version !== one.version) {
      this.warming.add(name);
      this.expected.add(`${endpoints} ${name}`);
    }
    if (typeUrl === endpoints) this.warming.delete(name);
    if (typeUrl === routes && !had.has(name)) this.untold.add(name);
    had.set(name, one);
  }

  private remove(typeUrl: string, name: string): void {
    this.held(typeUrl).delete(name);
    if (typeUrl === cluster) this.warming.delete(name);
  }

  /** Nothing refers to a cluster that is not there, or was never warm. */
  private check(): void {
    if (!this.checksReferences) return;
    for (const typeUrl of [routes, virtualHost]) {
      for (const [name, { content }] of this.held(typeUrl)) {
        for (const to of referredBy(content)) if (!this.held(endpoints).has(to)) this.problems.push(`${name} refers to ${to}, which is not there`);
      }
    }
  }
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

function deltaChange(typeUrl: string, subscribe: string[], unsubscribe: string[]): Buffer {
  const request = encodeDeltaRequest({ typeUrl, subscribe });
  const removals = unsubscribe.map((name) => Buffer.concat([Buffer.from([(4 << 3) | 2, Buffer.byteLength(name)]), Buffer.from(name)]));
  return Buffer.concat([request, ...removals]);
}

type Step = { kind: 'view'; mesh: Mesh } | { kind: 'server' | 'proxy' | 'reconnect' | 'block' | 'unblock' };

const answerTimeoutMs = 1_000_000;

/** One proxy and its control plane, with messages on their way between them. */
class World {
  view: SimpleView;
  /** All that were, by generation. */
  readonly views: SimpleView[];
  readonly proxy: Envoy;
  private session: Session;
  private responses: Buffer[] = [];
  private isBlocked = false;
  private now = 0;

  constructor(mesh: Mesh, checksReferences: boolean) {
    this.view = viewOf(mesh, undefined);
    this.views = [this.view];
    this.proxy = new Envoy(checksReferences);
    this.session = this.newSession();
    this.proxy.connect();
  }

  private newSession(): Session {
    return new Session({
      variant: 'delta',
      view: this.view,
      output: { ready: () => !this.isBlocked, send: (response) => this.responses.push(response.toBuffer()) },
      answerTimeoutMs,
      refused: () => {},
    });
  }

  step(step: Step): void {
    if (step.kind === 'view') {
      this.view = viewOf(step.mesh, this.view);
      this.views.push(this.view);
      this.session.setView(this.view, this.now);
    } else if (step.kind === 'server') {
      const request = this.proxy.requests.shift();
      if (request) this.session.receive(request, this.now);
    } else if (step.kind === 'proxy') {
      const response = this.responses.shift();
      if (response) this.proxy.take(decodeDeltaResponse(response));
    } else if (step.kind === 'reconnect') {
      this.responses = [];
      this.session = this.newSession();
      this.proxy.connect();
    } else {
      this.isBlocked = step.kind === 'block';
      if (!this.isBlocked) this.session.push(this.now);
    }
  }

  get acknowledged(): number {
    return this.session.acknowledged;
  }

  /**
   * Where the proxy has something that is older than what it has acknowledged; where that is the newest, also what it has not. On the
   * way from one view to the next it may have less.
   */
  outdated(): string[] {
    if (this.acknowledged < 0) return [];
    const since = this.views.slice(this.acknowledged);
    return [cluster, endpoints, listener, routes, virtualHost, secret].flatMap((typeUrl) => {
      const had = this.proxy.held(typeUrl);
      const missing = since.length > 1 ? [] : [...(this.view.resources(typeUrl)?.keys() ?? [])].filter((name) => this.proxy.needs(typeUrl, name));
      // A word that there are no endpoints is no resource.
      const versionOf = (name: string): string | undefined => (had.get(name)?.version === 'none' ? undefined : had.get(name)?.version);
      const isOf = (name: string, view: SimpleView): boolean => view.resources(typeUrl)?.get(name)?.version === versionOf(name);
      return [...new Set([...had.keys(), ...missing])].filter((name) => !since.some((view) => isOf(name, view))).map((name) => `${typeUrl} ${name}`);
    });
  }

  /** Until nothing more is to be said. */
  settle(): void {
    this.step({ kind: 'unblock' });
    this.talk();
    // What nothing refers to goes when the proxy has had time to ask for everything.
    this.wait(2_000);
  }

  private wait(ms: number): void {
    this.now += ms;
    this.session.push(this.now);
    this.talk();
  }

  private talk(): void {
    for (let count = 0; this.proxy.requests.length + this.responses.length > 0; count++) {
      if (count > 10_000) throw new Error('they never come to rest');
      while (this.proxy.requests.length > 0) this.step({ kind: 'server' });
      this.step({ kind: 'proxy' });
    }
  }
}

const few = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const clusterNames = few('c', 4);
const routeNames = few('r', 2);
const secretNames = few('s', 2);
const hostNames = routeNames.flatMap((name) => few(`${name}/h`, 3));
const version = fc.integer({ min: 0, max: 2 });
const some = (names: string[]): fc.Arbitrary<string[]> => fc.subarray(names);
const atLeastOne = (names: string[]): fc.Arbitrary<string[]> => fc.subarray(names, { minLength: 1 });
/** Most of them. */
const byName = <T>(names: string[], value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc
    .tuple(...names.map(() => fc.option(value, { freq: 4, nil: undefined })))
    .map((values) => Object.fromEntries(names.flatMap((name, i): [string, T][] => (values[i] === undefined ? [] : [[name, values[i]]]))));

function meshes(withBad: boolean): fc.Arbitrary<Mesh> {
  const target = fc.record({ clusters: atLeastOne(clusterNames), version });
  return fc.record({
    clusters: byName(clusterNames, version),
    endpoints: byName(clusterNames, version),
    listeners: byName(few('l', 2), fc.record({ routes: atLeastOne(routeNames), secrets: some(secretNames), version })),
    secrets: byName(secretNames, version),
    routes: byName(routeNames, target),
    hosts: byName(hostNames, target),
    bad: fc.oneof(fc.constant<string[]>([]), some(withBad ? [...clusterNames, ...routeNames, ...hostNames, 'l0'] : [])),
  });
}

const steps = (withBad: boolean): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 1, arbitrary: meshes(withBad).map((mesh): Step => ({ kind: 'view', mesh })) },
      { weight: 16, arbitrary: fc.constantFrom<Step>({ kind: 'server' }, { kind: 'proxy' }) },
      { weight: 1, arbitrary: fc.constantFrom<Step>({ kind: 'reconnect' }, { kind: 'block' }, { kind: 'unblock' }) },
    ),
    { maxLength: 120, size: 'max' },
  );

const contents = (had: ReadonlyMap<string, Had>): Record<string, string> => Object.fromEntries([...had].map(([name, { content }]) => [name, content]).sort());

function viewContents(view: SimpleView, typeUrl: string, isWanted: (name: string) => boolean = () => true): Record<string, string> {
  const wanted = [...(view.resources(typeUrl) ?? [])].filter(([name]) => isWanted(name));
  return Object.fromEntries(wanted.map(([name, { bytes }]): [string, string] => [name, text(bytes)]).sort());
}

it('a proxy ends with what its view holds, and never refers to what is not there', () => {
  fc.assert(
    fc.property(meshes(false), steps(false), (mesh, all) => {
      const world = new World(mesh, true);
      for (const step of all) world.step(step);
      world.settle();
      const { proxy, view } = world;
      for (const typeUrl of [cluster, endpoints, listener, routes]) expect(contents(proxy.held(typeUrl))).toEqual(viewContents(view, typeUrl));
      expect(contents(proxy.held(virtualHost))).toEqual(viewContents(view, virtualHost));
      expect(contents(proxy.held(secret))).toEqual(viewContents(view, secret, (name) => proxy.needs(secret, name)));
      expect([...proxy.warming, ...proxy.untold]).toEqual([]);
      expect(proxy.problems).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

it.each([
  ['all is taken', false],
  ['some is refused', true],
])('what counts as acknowledged the proxy has, at every moment: %s', (_, withBad) => {
  let acknowledged = 0;
  fc.assert(
    fc.property(meshes(false), fc.boolean(), steps(withBad), (mesh, isSettled, all) => {
      const world = new World(mesh, false);
      if (isSettled) world.settle();
      for (const step of all) {
        world.step(step);
        expect([world.acknowledged, world.outdated()]).toEqual([expect.any(Number), []]);
        if (world.acknowledged > 0) acknowledged++;
      }
      world.settle();
      expect(world.outdated()).toEqual([]);
      const everywhere = [...world.view.sets.values()].flatMap((set) => [...set.values()]);
      if (!everywhere.some(({ bytes }) => text(bytes).includes('bad'))) expect(world.acknowledged).toBe(world.view.generation);
    }),
    { numRuns: 200 },
  );
  expect(acknowledged).toBeGreaterThan(100);
});

it('what a proxy has is not sent again: not with another view, and not after a reconnection', () => {
  fc.assert(
    fc.property(meshes(false), fc.array(meshes(false), { maxLength: 4 }), (mesh, others) => {
      const world = new World(mesh, false);
      world.settle();
      for (const other of others) {
        world.step({ kind: 'view', mesh: other });
        world.settle();
        world.step({ kind: 'reconnect' });
        world.settle();
      }
      expect(world.proxy.needless).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

it('of what is refused the last good version stays, and all else arrives', () => {
  fc.assert(
    fc.property(meshes(true), steps(true), (mesh, all) => {
      const world = new World(mesh, false);
      for (const step of all) world.step(step);
      world.settle();
      const { proxy, view } = world;
      for (const typeUrl of [cluster, endpoints, listener, routes, virtualHost]) {
        const had = contents(proxy.held(typeUrl));
        for (const [name, content] of Object.entries(viewContents(view, typeUrl))) {
          if (content.includes('bad')) expect(had[name] ?? '').not.toContain('bad');
          else if (proxy.needs(typeUrl, name)) expect([typeUrl, name, had[name]]).toEqual([typeUrl, name, content]);
        }
        if (typeUrl === cluster || typeUrl === listener || typeUrl === virtualHost) {
          expect(Object.keys(had).filter((name) => !view.resources(typeUrl)?.has(name))).toEqual([]);
        }
      }
    }),
    { numRuns: 200 },
  );
});
