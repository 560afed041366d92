import { describe, expect, it } from 'vitest';
import { profileValues } from '../install/profiles.ts';
import { injectionConfig } from '../install/render/configmaps.ts';
import { renderManifests } from '../install/render/manifests.ts';
import { parseMeshSettings } from './mesh-settings.ts';
import { fieldOfConfigMap, parseInjectionConfig } from './read-config.ts';

const least = 'image: i:1\nxdsAddress: a:1\n';

it('has a default for everything but the image and the address', () => {
  expect(parseInjectionConfig(least)).toMatchObject({
    image: 'i:1',
    xdsAddress: 'a:1',
    engine: 'embedded',
    capture: 'init',
    nativeSidecar: 'auto',
    uid: 1337,
    defaultTemplates: ['sidecar'],
  });
});

describe('what an installation writes', () => {
  const values = profileValues('default');
  const options = { weftVersion: '1.2.3' };
  const data = new Map(
    renderManifests(values, options).flatMap(({ object }) =>
      object.kind === 'ConfigMap' ? [[object.metadata.name, object.data as Record<string, string>]] : [],
    ),
  );

  it('is read as it was meant', () => {
    const { config = '', values: written } = data.get('istio-sidecar-injector') ?? {};
    expect(parseInjectionConfig(config, written)).toEqual(injectionConfig({ values, options }));
  });

  it('is a mesh configuration, too', () => {
    expect(parseMeshSettings(data.get('istio')?.mesh ?? '')).toMatchObject({ enablePrometheusMerge: true });
  });
});

it('takes the whole ConfigMap', () => {
  const map = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', data: { config: least, mesh: 'enablePrometheusMerge: false' } });
  expect(parseInjectionConfig(map).image).toBe('i:1');
  expect(parseMeshSettings(map)).toEqual({ enablePrometheusMerge: false });
  expect(() => fieldOfConfigMap(map, 'other')).toThrow('no key other');
});

it.each([
  ['{"global": {"hub": "h", "tag": "t", "proxy": {"image": "p"}}}', 'h/p:t'],
  ['global: {proxy: {image: "r.test/p:1"}}', 'r.test/p:1'],
  ['{global: {hub: h, tag: 1, proxy: {image: p}}}', 'h/p:1'],
])('takes the image of the values %s', (values, image) => {
  expect(parseInjectionConfig('xdsAddress: a:1', values).image).toBe(image);
  expect(parseInjectionConfig(least, values).image).toBe('i:1');
});

it.each([
  ['', 'is empty'],
  ['revision: a', 'has no image'],
  ['{apiVersion: v1, kind: Namespace, metadata: {name: istio-system}}', 'it begins with an object of kind Namespace'],
  ['image: i', 'has no xdsAddress'],
  [`${least}engin: envoy`, 'no field engin; did you mean engine?'],
  [`${least}engine: steam`, 'engine is one of embedded, envoy, not "steam"'],
  [`${least}nativeSidecar: yes please`, 'nativeSidecar is one of'],
  [`${least}uid: 0`, 'uid is a whole number from 1'],
  [`${least}drainSeconds: "5"`, 'drainSeconds'],
  [`${least}templates: {a: [1]}`, 'templates is a map of texts'],
  [`${least}templates: {sidecar: ""}`, 'the template sidecar is weft'],
  [`${least}templates: {a: "b: ["}`, 'the template a is not valid YAML'],
  [`${least}neverInjectSelector: {}`, 'a list of maps'],
  [`${least}resources: {requests: 1}`, 'resources'],
  ['- a', 'has to be a map'],
  ['a: [', 'not valid YAML (line 1)'],
  ['templates: {sidecar: "{{ .Values }}"}', 'an injector of Istio'],
])('%j: %s', (text, said) => {
  expect(() => parseInjectionConfig(text)).toThrow(said);
});

it.each([
  ['- a', 'has to be a map'],
  ['defaultConfig: {concurrency: many}', 'defaultConfig.concurrency'],
])('the mesh configuration %j: %s', (text, said) => {
  expect(() => parseMeshSettings(text)).toThrow(said);
});
