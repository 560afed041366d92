import { describe, expect, it } from 'vitest';
import { loadEnvoyApi } from '../proto/api.ts';
import { readDeltaRequest, readNode, readSotwRequest } from './requests.ts';
import { type Content, encodeResponse } from './responses.ts';
import { diffOf, versionOfSet } from './set-diff.ts';
import { resource, SimpleView } from './testing.ts';
import type { ResourceSet, XdsResource, XdsVariant } from './view.ts';

const api = loadEnvoyApi();
const discovery = 'envoy.service.discovery.v3';
const typeUrl = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const long = 'n'.repeat(300);
const cluster = (name: string): XdsResource => ({ name, version: `v-${name}`, bytes: api.encode(typeUrl, { name }) });

describe('responses are what the protocol says', () => {
  const content = { resources: [cluster('a'), cluster(long)], removed: ['x', 'y'], isShared: true };
  const encode = (variant: XdsVariant, of: Content): Buffer => encodeResponse(variant, head, of).toBuffer();
  const head = { typeUrl, version: 'v', nonce: '7' };

  it('delta', () => {
    expect(api.decode(`${discovery}.DeltaDiscoveryResponse`, encode('delta', content))).toEqual({
      system_version_info: 'v',
      type_url: typeUrl,
      nonce: '7',
      removed_resources: ['x', 'y'],
      resources: [
        { name: 'a', version: 'v-a', resource: { '@type': typeUrl, name: 'a' } },
        { name: long, version: `v-${long}`, resource: { '@type': typeUrl, name: long } },
      ],
    });
  });

  it('state of the world, from the same resources', () => {
    expect(api.decode(`${discovery}.DiscoveryResponse`, encode('sotw', content))).toEqual({
      version_info: 'v',
      type_url: typeUrl,
      nonce: '7',
      resources: [
        { '@type': typeUrl, name: 'a' },
        { '@type': typeUrl, name: long },
      ],
    });
  });

  it('large ones, and empty ones', () => {
    const many = Array.from({ length: 5_000 }, (_, i) => cluster(`${long}${i}`));
    const names = (bytes: Buffer): unknown[] =>
      ((api.decode(`${discovery}.DeltaDiscoveryResponse`, bytes).resources ?? []) as { name: string }[]).map(({ name }) => name);
    for (const resources of [many, many, many.slice(0, 3)])
      expect(names(encode('delta', { resources, removed: [], isShared: true }))).toEqual(resources.map(({ name }) => name));
    expect(names(encode('delta', { resources: [], removed: [], isShared: false }))).toEqual([]);
  });
});

describe('requests', () => {
  const node = {
    id: 'sidecar~1',
    cluster: 'c',
    metadata: { a: { b: [1, null] } },
    locality: { region: 'r', sub_zone: 's' },
    user_agent_name: 'envoy',
    user_agent_build_version: { version: { major_number: 1, minor_number: 40 }, metadata: { x: 'y' } },
  };

  it('delta', () => {
    const bytes = api.encode(`${discovery}.DeltaDiscoveryRequest`, {
      node,
      type_url: 't',
      resource_names_subscribe: ['a', 'b'],
      resource_names_unsubscribe: ['c'],
      initial_resource_versions: { x: '1', y: '' },
      response_nonce: '5',
      error_detail: { code: 3, message: 'why' },
    });
    expect(readDeltaRequest(bytes)).toEqual({
      typeUrl: 't',
      nonce: '5',
      refusal: 'why',
      subscribe: ['a', 'b'],
      unsubscribe: ['c'],
      initialVersions: new Map([
        ['x', '1'],
        ['y', ''],
      ]),
    });
    expect(readNode(bytes, 1)).toEqual({
      id: 'sidecar~1',
      cluster: 'c',
      metadata: { a: { b: [1, null] } },
      locality: { region: 'r', zone: '', subzone: 's' },
      userAgent: 'envoy/1.40.0',
    });
  });

  it('state of the world', () => {
    const bytes = api.encode(`${discovery}.DiscoveryRequest`, {
      version_info: 'v',
      node: { id: 'n', user_agent_version: '2' },
      type_url: 't',
      resource_names: ['a'],
    });
    expect(readSotwRequest(bytes)).toEqual({ typeUrl: 't', nonce: '', refusal: undefined, version: 'v', names: ['a'] });
    expect(readNode(bytes, 2)).toMatchObject({ id: 'n', userAgent: '/2' });
  });

  it('a request without a node', () => {
    expect(readNode(api.encode(`${discovery}.DeltaDiscoveryRequest`, { type_url: 't' }), 1)).toBeUndefined();
  });

  it.each(['0a', '12ff', '0a0512'])('bytes that are none: %s', (bytes) => {
    expect(() => {
      readNode(Buffer.from(bytes, 'hex'), 1);
      readDeltaRequest(Buffer.from(bytes, 'hex'));
    }).toThrow();
  });
});

describe('sets of resources', () => {
  const set = (text: string): ResourceSet =>
    new SimpleView({ t: text.split(' ').map((word) => resource(word.slice(0, -1), word.slice(-1))) }).resources('t') as ResourceSet;
  const diff = (before: ResourceSet, after: ResourceSet): string => {
    const { changed, removed } = diffOf(before, after);
    return [...changed.map(({ name }) => name), ...removed.map((name) => `-${name}`)].join(' ');
  };

  it.each([
    ['a1 b1', 'a1 b1', ''],
    ['a1 b1', 'a1 b2 c1', 'b c'],
    ['a1 b1', 'b1', '-a'],
    ['a1 b1', 'c1 b2', 'c b -a'],
  ])('%s, then %s: %s', (before, after, expected) => {
    expect(diff(set(before), set(after))).toBe(expected);
  });

  it('are compared once', () => {
    const [before, after] = [set('a1'), set('b1')];
    expect(diffOf(before, after)).toBe(diffOf(before, after));
  });

  it('have a version that is of their content, whatever the order', () => {
    expect(versionOfSet(set('a1 b2'))).toBe(versionOfSet(set('b2 a1')));
    expect(versionOfSet(set('a1'), [...set('b2').values()])).toBe(versionOfSet(set('a1 b2')));
    const others = ['a1', 'a2 b1', 'a1 b1', 'b1 c2', 'a1 b2 c1'].map((text) => versionOfSet(set(text)));
    expect(new Set([...others, versionOfSet(set('a1 b2'))]).size).toBe(6);
  });
});
