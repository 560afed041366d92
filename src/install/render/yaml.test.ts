import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseYaml } from '../../manifest/yaml.ts';
import { toYaml } from './yaml.ts';

it('is read as it was written by those who read YAML as Kubernetes does', () => {
  const word = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      'y',
      'no',
      'on',
      'Off',
      '012',
      '0o17',
      '1_000',
      '1e3',
      '.5',
      '+1',
      '~',
      'null',
      '0x1f',
      '1:20',
      '2001-01-01',
      '=',
      '<<',
      '.inf',
      'a: b',
      '- a',
      '#a',
      'a\nb\n',
      ' a',
      'a ',
      '\t',
      '---',
      '...',
      '{{ x }}',
      '*a',
      '&a',
      '!a',
      '%a',
      '@a',
      '`a',
    ),
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      word,
      fc.integer(),
      fc.boolean(),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(word, tie('any'), { maxKeys: 3 }),
    ),
  })).any;
  fc.assert(
    fc.property(fc.dictionary(word, value, { maxKeys: 4 }), (map) => {
      fc.pre(!JSON.stringify(map).includes('__proto__'));
      expect(parseYaml(toYaml(map)).value ?? {}).toEqual(JSON.parse(JSON.stringify(map)));
    }),
    { numRuns: 500 },
  );
});
