import { describe, expect, it } from 'vitest';
import { mergeValues } from '../../install/merge.ts';
import { imageWarning } from './warnings.ts';

function warning(...set: string[]): string | undefined {
  return imageWarning(mergeValues({ files: [], set }).values, '1.2.3');
}

describe('an image that is in no registry', () => {
  it.each([
    [[], 'localhost/weft:1.2.3'],
    [['image.name=mesh', 'image.tag=t'], 'localhost/mesh:t'],
    [['profile=minimal'], 'localhost/weft:1.2.3'],
    [['profile=empty', 'gateways[name:edge].enabled=true'], 'localhost/weft:1.2.3'],
  ])('%j: is told', (set, image) => {
    expect(warning(...set)).toContain(`the image is ${image}, which no registry has`);
  });

  it.each([[['image.hub=registry.example/mesh']], [['image.hub=localhost:5000']], [['image.hub=']], [['profile=empty']]])('%j: nothing is told', (set) => {
    expect(warning(...set)).toBeUndefined();
  });
});
