import { expect, it } from 'vitest';
import { analyzers } from '../../../analyzers/index.ts';
import type { Preset } from '../../analysis/engine.ts';
import { chooseAnalyzers, listAnalyzers } from './selection.ts';

function choose(names: string[] | undefined, preset: Preset): { chosen: string[]; said: string[] } {
  const said: string[] = [];
  return { chosen: chooseAnalyzers(analyzers, names, preset, (text) => said.push(text)).map((a) => a.name), said };
}

const ofReference = analyzers.filter((a) => a.preset === 'reference').map((a) => a.name);
const [gateway, host] = ['virtualservice.GatewayAnalyzer', 'virtualservice.DestinationHostAnalyzer'] as const;
const missing = 'there is no analyzer "virtualservice.GatewayAnalyser"; did you mean virtualservice.GatewayAnalyzer?';

it.each<[string, string[] | undefined, Preset, string[], string[]]>([
  ['those of the preset', undefined, 'reference', ofReference, []],
  ['one', [gateway], 'recommended', [gateway], []],
  ['several, each once', [`${host},${gateway}`, gateway, ''], 'recommended', [host, gateway], []],
  ['several, each once, as the reference takes them', [host, gateway, host], 'reference', [host, gateway], []],
  [
    'two with a comma, which is one name to the reference',
    [`${host},${gateway}`, gateway],
    'reference',
    [gateway],
    [`there is no analyzer "${host},${gateway}"`],
  ],
  ['one of another preset', ['weft.MirrorAnalyzer'], 'reference', ['weft.MirrorAnalyzer'], []],
  ['one that is there and one that is not, as the reference does', [gateway, 'virtualservice.GatewayAnalyser'], 'reference', [gateway], [missing]],
  [
    'all where none is there, as the reference does',
    ['virtualservice.GatewayAnalyser'],
    'reference',
    ofReference,
    [missing, 'none of the analyzers that were named exists, so all of them run'],
  ],
])('%s', (_, names, preset, chosen, said) => {
  expect(choose(names, preset)).toEqual({ chosen, said });
});

it.each(['recommended', 'strict'] as const)('a name that no analyzer has is a mistake in the preset %s', (preset) => {
  expect(() => choose([gateway, 'virtualservice.GatewayAnalyser'], preset)).toThrow(missing);
});

it('a preset has the analyzers of the ones before it, but for those that others stand in for', () => {
  const [reference, recommended, strict] = (['reference', 'recommended', 'strict'] as const).map((preset) => new Set(choose(undefined, preset).chosen));
  const superseded = new Set(analyzers.filter((a) => a.supersededBy).map((a) => a.name));
  expect([...(reference ?? [])].filter((name) => !recommended?.has(name) && !superseded.has(name))).toEqual([]);
  expect([...(recommended ?? [])].filter((name) => !strict?.has(name))).toEqual([]);
});

it('lists all by name', () => {
  const names = listAnalyzers(analyzers).match(/(?<=^\* ).*(?=:$)/gm) ?? [];
  expect(names).toEqual(analyzers.map((a) => a.name).sort());
});
