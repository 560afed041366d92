import { expect, it } from 'vitest';
import { svc, tableOf } from '../translate/testing.ts';
import { resourceFiles } from './files.ts';
import type { EnvoyResources } from './resources.ts';
import { envoyResources } from './resources.ts';
import { routesOf, staticResources } from './static.ts';
import { typeUrls } from './type-urls.ts';

const resources = envoyResources(tableOf([svc('shop/cart http:80'), svc('shop/pay http:8080 auto:9000')]), { meshTls: 'none' });

/** A listener that asks for routes. */
function asking(...names: string[]): EnvoyResources['listeners'] {
  return names.map((name) => ({
    '@type': typeUrls.listener,
    name,
    filter_chains: [{ filters: [{ typed_config: { rds: { config_source: { ads: {} }, route_config_name: name } } }] }],
  }));
}

function configs(count: number): EnvoyResources {
  const names = Array.from({ length: count }, (_, n) => `c${n}`);
  return { listeners: asking(...names), routes: names.map((name) => ({ '@type': typeUrls.routes, name })), clusters: [], endpoints: [] };
}

it('static: everything is inside, and nothing is asked for', () => {
  const { listeners, clusters } = staticResources(resources);
  const text = JSON.stringify({ listeners, clusters });
  expect(text).not.toMatch(/"(?:rds|ads|eds_cluster_config)"|"EDS"/);
  expect(listeners).toHaveLength(resources.listeners.length);
  expect(clusters).toHaveLength(resources.clusters.length);
  expect([...listeners, ...clusters].filter((one) => '@type' in one)).toEqual([]);
  expect(clusters.find(({ name }) => name === 'outbound|80||cart.shop.svc.cluster.local')).toMatchObject({
    type: 'STATIC',
    load_assignment: { cluster_name: 'outbound|80||cart.shop.svc.cluster.local' },
  });
});

it('routes that are not there are empty, as Envoy has none before they come', () => {
  const { listeners } = staticResources({ listeners: asking('gone'), routes: [], clusters: [], endpoints: [] });
  expect(JSON.stringify(listeners)).toContain('"route_config":{"name":"gone","virtual_hosts":[]}');
});

it('the route configurations that a listener asks for', () => expect(asking('a', 'b').flatMap(routesOf)).toEqual(['a', 'b']));

it('files: listeners name the files of their routes', () => {
  const files = resourceFiles(resources, (file) => `/watched/${file}`);
  expect(files.routes.size).toBe(resources.routes.length);
  for (const file of files.routes.keys()) expect(files.listeners).toContain(`"path_config_source":{"path":"/watched/${file}"}`);
  expect(files.listeners).not.toMatch(/"(?:route_config|ads)":/);
  const { version_info, resources: own } = JSON.parse(files.clusters) as { version_info: string; resources: { '@type': string }[] };
  expect(version_info).toMatch(/^[0-9a-f]{12}$/);
  expect(own.every((cluster) => cluster['@type'] === typeUrls.cluster)).toBe(true);
});

it('files: what did not change has the same text, and the same name', () => {
  const one = resourceFiles(configs(3), (file) => file);
  const other = resourceFiles({ ...configs(3), routes: configs(3).routes.slice(1) }, (file) => file);
  expect([...one.routes].slice(1)).toEqual([...other.routes]);
});

it('files: names that look alike have files of their own', () => {
  const routes = ['a:1', 'a|1', 'a_1'].map((name) => ({ '@type': typeUrls.routes, name }));
  expect(new Set(resourceFiles({ listeners: [], routes, clusters: [], endpoints: [] }, (file) => file).routes.keys()).size).toBe(3);
});

it.each([
  [50, 50],
  [51, 0],
])('files: of %i route configurations %i have files, since each of them is watched', (count, expected) => {
  const files = resourceFiles(configs(count), (file) => file);
  expect(files.routes.size).toBe(expected);
  expect(files.listeners.includes('"route_config":')).toBe(expected === 0);
});
