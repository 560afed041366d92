import { describe, expect, it } from 'vitest';
import { parseTarget, type Target } from './target.ts';

describe('what is described', () => {
  it.each<[string, 'pod' | 'service' | undefined, string]>([
    ['cart-1', 'pod', 'Pod shop/cart-1'],
    ['cart-1.ops', 'pod', 'Pod ops/cart-1'],
    ['deploy/cart', 'pod', 'Deployment shop/cart'],
    ['Deployments/cart.ops', undefined, 'Deployment ops/cart'],
    ['deployments.apps/cart', undefined, 'Deployment shop/cart'],
    ['cart', 'service', 'Service shop/cart'],
    ['svc/cart', 'service', 'Service shop/cart'],
    ['cart.ops.svc.cluster.local', 'service', 'Service ops/cart'],
    ['cart.ops.svc', 'service', 'Service ops/cart'],
    ['api.example.com', 'service', 'Service shop/api.example.com'],
    ['po/cart-1', undefined, 'Pod shop/cart-1'],
  ])('%s as %s is %s', (written, expected, text) => {
    const { kind, namespace, name }: Target = parseTarget(written, expected, 'shop');
    expect(`${kind} ${namespace}/${name}`).toBe(text);
  });

  it.each<[string | undefined, 'pod' | 'service' | undefined, string, number]>([
    [undefined, 'pod', 'expecting pod name', 1],
    [undefined, 'service', 'expecting service name', 1],
    [undefined, undefined, 'nothing is named to describe', 64],
    ['cart', undefined, '"cart" has no kind', 64],
    ['a/b/c', 'pod', 'what is described is NAME[.NAMESPACE] or KIND/NAME[.NAMESPACE], not "a/b/c"', 64],
    ['servise/x', undefined, '"servise" is no kind that is described; did you mean service?', 64],
    ['pod/x', 'service', '"pod/x" is no service', 64],
    ['svc/x', 'pod', '"svc/x" is no pod', 64],
    ['pod/', undefined, '"pod/" has no name', 64],
  ])('%s as %s: %s', (written, expected, message, exit) => {
    expect(() => parseTarget(written, expected, 'shop')).toThrowError(expect.objectContaining({ message, exit }));
  });
});
