import { describe, expect, it } from 'vitest';
import { LabelIndex, type Labels, SelectorIndex } from './label-index.ts';

const labelled: Labels[] = [{ app: 'cart', version: 'v1' }, { app: 'cart', version: 'v2' }, { app: 'pay' }, {}];

describe('LabelIndex', () => {
  const index = new LabelIndex(labelled, (labels) => labels);
  it.each([
    [{ app: 'cart' }, [0, 1]],
    [{ version: 'v2', app: 'cart' }, [1]],
    [{ app: 'cart', version: 'v3' }, []],
    [{ app: 'cart', extra: '' }, []],
    [{ toString: 'x' }, []],
    [{}, [0, 1, 2, 3]],
  ] as [Labels, number[]][])('%j selects %j', (selector, expected) => {
    expect(index.matching(selector)).toEqual(expected.map((i) => labelled[i]));
  });
});

describe('SelectorIndex', () => {
  const selectors: Labels[] = [{ app: 'cart' }, { app: 'cart', version: 'v1' }, {}, { version: 'v1' }];
  const index = new SelectorIndex(selectors, (selector) => selector);
  it.each([
    [{ app: 'cart', version: 'v1', other: 'x' }, [0, 1, 3]],
    [{ app: 'cart', version: 'v2' }, [0]],
    [{ version: 'v1' }, [3]],
    [{}, []],
  ] as [Labels, number[]][])('%j is selected by %j', (labels, expected) => {
    expect(index.selecting(labels)).toEqual(expected.map((i) => selectors[i]));
  });
});
