import { describe, expect, it } from 'vitest';
import { placeOf, problemsOf } from './testing.ts';
import { validateWasmPlugin } from './wasm-plugin.ts';

const problems = (yaml: string) => problemsOf(validateWasmPlugin, 'WasmPlugin', yaml);
const url = 'url: "oci://registry.example/filter:1"';
const digest = 'a1'.repeat(32);

describe('validateWasmPlugin', () => {
  it.each(['oci://a/b:1', 'https://a/b.wasm', 'http://a', 'file:///opt/a.wasm', 'registry.example/filter:1', '/opt/a.wasm', 'HTTPS://a'])(
    'takes the url %s',
    (text) => {
      expect(problems(`url: ${JSON.stringify(text)}`)).toEqual([]);
    },
  );

  it.each(['', 'ftp://a', 'localhost:5000/filter', 'oci://bad host/%zz', '#%blah$#@', 'https://a/#%zz'])('refuses the url %s', (text) => {
    expect(problems(`url: ${JSON.stringify(text)}`).map(placeOf)).toEqual(['IST0106 spec.url']);
  });

  it.each([
    [`sha256: ${digest}`, []],
    [`sha256: ${digest}0`, ['IST0106 spec.sha256']],
    [`sha256: ${digest.toUpperCase()}`, ['IST0106 spec.sha256']],
    [`imagePullSecret: ${'a'.repeat(253)}`, []],
    [`imagePullSecret: ${'a'.repeat(254)}`, ['IST0106 spec.imagePullSecret']],
    [`pluginName: ${'a'.repeat(256)}`, []],
    [`pluginName: ${'a'.repeat(257)}`, ['IST0106 spec.pluginName']],
    ['vmConfig: {env: [{name: a, value: b}, {name: c, valueFrom: HOST}]}', []],
    ['vmConfig: {env: [null]}', ['IST0106 spec.vmConfig.env[0].name']],
    ['vmConfig: {env: [{name: a, valueFrom: HOST, value: b}]}', ['IST0106 spec.vmConfig.env[0].value']],
    ['vmConfig: {env: [{name: a}, {name: a}]}', ['IST0106 spec.vmConfig.env[1].name']],
    [`vmConfig: {env: [{name: ${'a'.repeat(257)}}]}`, ['IST0106 spec.vmConfig.env[0].name']],
    ['match: [null, {mode: SERVER}, {ports: [{number: 65535}]}]', []],
    ['match: [{ports: [{number: 80}, null]}]', ['IST0106 spec.match[0].ports[1].number']],
    ['match: [{ports: [{number: 65536}]}]', ['IST0106 spec.match[0].ports[0].number']],
  ])('checks %s', (yaml, expected) => {
    expect(problems(`${url}\n${yaml}`).map(placeOf)).toEqual(expected);
  });

  it('counts as one where the reference stops at the first', () => {
    const sames = (yaml: string): number => new Set(problems(`${url}\n${yaml}`).map((p) => p.same)).size;
    expect(sames('vmConfig: {env: [{}, {name: a}, {name: a}]}')).toBe(1);
    expect(sames('match: [{ports: [{number: 0}, {number: 70000}]}]')).toBe(1);
    expect(sames('sha256: x\nmatch: [{ports: [null]}]')).toBe(2);
  });
});
