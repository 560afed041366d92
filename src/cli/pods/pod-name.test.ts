import { expect, it } from 'vitest';
import { CliError } from '../exit.ts';
import { parsePodTarget } from './pod-name.ts';

it.each<[string, string | undefined, string, string | undefined]>([
  ['cart-1', undefined, 'cart-1', undefined],
  ['cart-1.shop', undefined, 'cart-1', 'shop'],
  ['cart.v1.shop', undefined, 'cart.v1', 'shop'],
  ['shop/cart-1', undefined, 'cart-1', 'shop'],
  ['pod/cart-1.shop', undefined, 'cart-1', 'shop'],
  ['po/cart-1', undefined, 'cart-1', undefined],
  ['deploy/cart.shop', 'apps/v1 Deployment', 'cart', 'shop'],
  ['Deployment/cart', 'apps/v1 Deployment', 'cart', undefined],
  ['sts/cart', 'apps/v1 StatefulSet', 'cart', undefined],
  ['ds/cart', 'apps/v1 DaemonSet', 'cart', undefined],
  ['rs/cart-5d8f7.shop', 'apps/v1 ReplicaSet', 'cart-5d8f7', 'shop'],
  ['job/import', 'batch/v1 Job', 'import', undefined],
  ['svc/cart.shop', 'v1 Service', 'cart', 'shop'],
  ['services/cart', 'v1 Service', 'cart', undefined],
])('%s', (text, owner, name, namespace) => {
  const target = parsePodTarget(text);
  expect([target.owner && `${target.owner.apiVersion} ${target.owner.kind}`, target.name, target.namespace]).toEqual([owner, name, namespace]);
});

it.each([
  ['', /names no pod/],
  ['cart.', /names no pod/],
  ['.shop', /names no pod/],
  ['a/b/c', /names no pod/],
  ['svc/', /names no pod/],
  ['dpeloy/cart', /"dpeloy" is no kind that has pods; did you mean deploy\?/],
  ['cronjob/nightly', /a CronJob cannot be asked for its pods/],
  ['we/vm-1', /a WorkloadEntry cannot be asked for its pods/],
])('%j names no pod', (text, expected) => {
  expect(() => parsePodTarget(text)).toThrow(CliError);
  expect(() => parsePodTarget(text)).toThrow(expected);
});
