import { describe, expect, it } from 'vitest';
import type { Preset } from '../../analysis/engine.ts';
import type { Finding } from '../../analysis/finding.ts';
import { Resource } from '../../manifest/resource.ts';
import { CliError } from '../exit.ts';
import { fitsGlob, parseSuppressions } from './suppress.ts';

const aliases = new Map([['IST0101', ['KIA1101', 'KIA1102']]]);

function finding(annotations: Record<string, string> = {}, namespace = 'shop'): Finding {
  const resource = new Resource({ apiVersion: 'v1', kind: 'VirtualService', metadata: { name: 'cart', annotations } }, 'VirtualService', namespace, undefined);
  return { code: 'IST0101', resource } as Finding;
}

function suppresses(values: string[], one = finding(), preset: Preset = 'recommended'): boolean {
  return parseSuppressions(values, preset, aliases).suppresses(one);
}

describe('-S', () => {
  it.each([
    ['IST0101=VirtualService shop/cart', true, true],
    ['IST0101=*', true, true],
    ['IST0101=VirtualService */*', true, true],
    ['IST0101=VirtualService shop/c?rt', true, false],
    ['IST0102=VirtualService shop/cart', false, false],
    ['IST0101=VirtualService shop', false, false],
    ['IST0101=Service shop/cart', false, false],
    ['IST0101=virtualservice shop/cart', false, false],
    ['IST0101=VirtualService cart.shop', true, false],
    ['IST0101=VirtualService shop/c[a]rt', false, false],
    ['IST0101=Virtual.ervice shop/cart', false, false],
    ['IST0101=', false, false],
  ])('%s: %j, for the reference %j', (value, ours, theirs) => {
    expect([suppresses([value]), suppresses([value], finding(), 'reference')]).toEqual([ours, theirs]);
  });

  it('a resource without a namespace has no slash', () => expect(suppresses(['IST0101=VirtualService cart'], finding({}, ''))).toBe(true));

  it.each(['IST0101', 'a=b=c', '', 'IST0101=a,b'])('%j is none', (value) => expect(() => parseSuppressions([value], 'recommended', aliases)).toThrow(CliError));

  it('has commas between several values, but not for the reference', () => {
    expect(suppresses(['IST0102=*,IST0101=*'])).toBe(true);
    expect(() => suppresses(['IST0102=*,IST0101=*'], finding(), 'reference')).toThrow(CliError);
    expect(suppresses(['IST0101=a,b'], finding(), 'reference')).toBe(false);
  });

  it('a code that no message can have is told, and may be of a plug-in', () => {
    expect(parseSuppressions(['IST101=*', 'WFT1001=*'], 'recommended', aliases).warnings).toHaveLength(1);
  });
});

describe('annotations', () => {
  const ist = 'galley.istio.io/analyze-suppress';
  const kiali = 'kiali.io/ignore-validations';
  it.each([
    [ist, 'IST0101', true, true],
    [ist, '*', true, true],
    [ist, 'IST0102,IST0101', true, true],
    [ist, 'IST0102, IST0101', true, false],
    [ist, 'IST0102', false, false],
    [ist, 'IST010', false, false],
    [ist, '', false, false],
    [kiali, 'KIA1102', true, false],
    [kiali, 'IST0101', true, false],
    [kiali, 'KIA9999,KIA1101', true, false],
    [kiali, '*', false, false],
    ['other', '*', false, false],
  ])('%s: %j: %j, for the reference %j', (name, value, ours, theirs) => {
    const one = finding({ [name]: value });
    expect([suppresses([], one), suppresses([], one, 'reference')]).toEqual([ours, theirs]);
  });
});

it('a glob has only stars and question marks, and many of them take no time', () => {
  const fits = ['*', 'a*', '*d', 'a*d', '*b*', 'a?c*', '****', 'abcd', '?bc?', '*a*b*c*d*'];
  const not = ['', 'a', 'abc', 'abcde', '*c', 'b*', '?', 'a?d', 'a.cd', 'ABCD', '*d*c*'];
  expect(fits.filter((glob) => !fitsGlob(glob, 'abcd'))).toEqual([]);
  expect(not.filter((glob) => fitsGlob(glob, 'abcd'))).toEqual([]);
  expect([fitsGlob('', ''), fitsGlob('*', ''), fitsGlob('?', ''), fitsGlob('a\\+(b)|^$', 'a\\+(b)|^$')]).toEqual([true, true, false, true]);
  const start = performance.now();
  expect(fitsGlob(`${'*'.repeat(40)}${'a*'.repeat(40)}x`, 'a'.repeat(2000))).toBe(false);
  expect(performance.now() - start).toBeLessThan(5_000);
});
