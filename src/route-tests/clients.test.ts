import { describe, expect, it } from 'vitest';
import { meshOf } from '../analysis/testing.ts';
import { clientOf } from './clients.ts';

const mesh = meshOf(
  `
apiVersion: apps/v1
kind: Deployment
metadata: { name: cart, namespace: shop }
spec: { template: { metadata: { labels: { app: cart } }, spec: { serviceAccountName: carts } } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: ledger, namespace: bank }
spec: { template: { metadata: { labels: { app: ledger } } } }
---
apiVersion: v1
kind: Pod
metadata: { name: cart-1.2, namespace: shop, labels: { app: cart, version: v1 } }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: ingress }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['*'] }] }
`,
  { preset: 'recommended', templates: true },
);

function clientText(written: Parameters<typeof clientOf>[1]): string {
  const { identity, flags } = clientOf(mesh, written, 'shop');
  const { role, namespace, name, labels, serviceAccount } = identity;
  return `${role} ${namespace}/${name} ${JSON.stringify(labels)} ${serviceAccount}; ${flags?.join(' ')}`;
}

describe('a client is', () => {
  it.each([
    ['deploy/cart.shop', 'sidecar shop/cart {"app":"cart"} carts; --from deploy/cart.shop'],
    ['deployment/cart', 'sidecar shop/cart {"app":"cart"} carts; --from deployment/cart'],
    ['cart.shop', 'sidecar shop/cart {"app":"cart"} carts; --from cart.shop'],
    ['cart', 'sidecar shop/cart {"app":"cart"} carts; --from cart'],
    ['shop/cart', 'sidecar shop/cart {"app":"cart"} carts; --from shop/cart'],
    ['pod/cart-1.2.shop', 'sidecar shop/cart-1.2 {"app":"cart","version":"v1"} default; --from pod/cart-1.2.shop'],
    // The only one of its name.
    ['sts/ledger', 'sidecar bank/ledger {"app":"ledger"} default; --from sts/ledger'],
    ['gateway/edge.shop', 'gateway shop/edge {"istio":"ingress"} default; --gateway shop/edge'],
    ['gateway/edge', 'gateway shop/edge {"istio":"ingress"} default; --gateway shop/edge'],
    ['namespace/elsewhere', 'sidecar elsewhere/ {} default; -n elsewhere'],
  ])('%s', (written, expected) => expect(clientText(written)).toBe(expected));

  it('one that is described', () => {
    expect(clientText({ namespace: 'bank', labels: [['app', 'x']], serviceAccount: 'sa' })).toBe('sidecar bank/ {"app":"x"} sa; undefined');
  });
});

describe('there is none for', () => {
  it.each([
    ['deploy/card.shop', 'there is no Deployment card.shop. Did you mean cart.shop? They have: cart.shop.'],
    ['deploy/ledger.bank', 'there is no Deployment ledger.bank. They have: cart.shop.'],
    ['gateway/edges.shop', 'there is no gateway edges.shop. Did you mean edge.shop? They have: edge.shop.'],
    ['a/b/c', '"a/b/c" names no client: write deploy/NAME.NAMESPACE, pod/NAME.NAMESPACE, gateway/NAME.NAMESPACE or namespace/NAME'],
    ['job/x', 'there is no Job x.shop, and no other. namespace/NAME is a client that needs no manifest.'],
  ])('%s', (written, message) => expect(() => clientOf(mesh, written, 'shop')).toThrow(message));
});
