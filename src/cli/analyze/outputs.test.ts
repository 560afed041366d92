import { expect, it } from 'vitest';
import { parseOutputs } from './outputs.ts';

it.each([
  [undefined, [{ format: 'log' }]],
  [['json'], [{ format: 'json' }]],
  [['JSON'], [{ format: 'json' }]],
  [['sarif=Out.Sarif'], [{ format: 'sarif', file: 'Out.Sarif' }, { format: 'log' }]],
  [
    ['json', 'junit=a=b'],
    [{ format: 'json' }, { format: 'junit', file: 'a=b' }],
  ],
])('-o %j', (values, expected) => expect(parseOutputs(values, 'log')).toEqual(expected.map((output) => ({ file: undefined, ...output }))));

it.each([[['xml']], [['json', 'yaml']], [['json=']], [['']]])('-o %j is refused', (values) => expect(() => parseOutputs(values, 'log')).toThrow());
