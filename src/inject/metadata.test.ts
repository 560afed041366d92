import { describe, expect, it } from 'vitest';
import type { PodTemplate } from './pod.ts';
import { annotated, injected, podFrom, webContext } from './testing.ts';

const annotationsOf = (pod: PodTemplate): Record<string, string> => pod.metadata.annotations ?? {};

describe('labels', () => {
  const labelsOf = (labels: string, owner = 'web'): Record<string, string> | undefined =>
    injected(podFrom(`{labels: {${labels}}}`), {}, { owner: { ...webContext.owner, name: owner } }).metadata.labels;

  it.each([
    ['', 'web', 'web', 'latest'],
    ['app: cart', 'web', 'cart', 'latest'],
    ['app: cart, version: v2', 'web', 'cart', 'v2'],
    ['app: cart, app.kubernetes.io/name: shop-cart, app.kubernetes.io/version: "7", version: v2', 'web', 'shop-cart', '7'],
    ['app: "", version: ""', 'web', 'web', 'latest'],
    ['app: cart, service.istio.io/canonical-name: mine, service.istio.io/canonical-revision: x', 'web', 'mine', 'x'],
    ['a: b', `${'x'.repeat(62)}-more`, 'x'.repeat(62), 'latest'],
  ])('%s of %s', (labels, owner, name, revision) => {
    expect(labelsOf(labels, owner)).toMatchObject({ 'service.istio.io/canonical-name': name, 'service.istio.io/canonical-revision': revision });
  });

  it('keeps what the pod says of TLS', () => {
    expect(labelsOf('security.istio.io/tlsMode: disabled')).toMatchObject({ 'security.istio.io/tlsMode': 'disabled' });
  });
});

describe('annotations', () => {
  it('name the revision, and the container that kubectl takes', () => {
    expect(annotationsOf(injected(podFrom(), { revision: 'canary' }))).toMatchObject({
      'istio.io/rev': 'canary',
      'kubectl.kubernetes.io/default-container': 'app',
      'kubectl.kubernetes.io/default-logs-container': 'app',
    });
  });

  it('keep the container that the user chose', () => {
    expect(annotationsOf(injected(annotated('kubectl.kubernetes.io/default-container: other')))).toMatchObject({
      'kubectl.kubernetes.io/default-container': 'other',
      'kubectl.kubernetes.io/default-logs-container': 'app',
    });
  });

  it('have those of the configuration', () => {
    expect(annotationsOf(injected(podFrom(), { injectedAnnotations: { 'example.com/safe': 'true' } }))).toMatchObject({ 'example.com/safe': 'true' });
  });

  it('list what was added', () => {
    const status = JSON.parse(annotationsOf(injected(podFrom(), { imagePullSecrets: ['s'], nativeSidecar: true }))['sidecar.istio.io/status'] ?? '');
    expect(status).toEqual({
      initContainers: ['istio-init', 'istio-proxy'],
      containers: null,
      volumes: ['istio-podinfo', 'istio-token', 'istiod-ca-cert'],
      imagePullSecrets: ['s'],
      revision: 'default',
    });
  });
});
