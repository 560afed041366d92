// Whatever a pod is: injected twice it is the same, and nothing of what its user wrote is lost.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isMap } from '../model/untyped.ts';
import type { InjectionConfig } from './config.ts';
import { InjectionError } from './error.ts';
import { injectPod } from './inject.ts';
import { jsonPatch } from './json-patch.ts';
import type { PodTemplate } from './pod.ts';
import { applyPatch, configWith, webContext } from './testing.ts';

const runs = Number(process.env.INJECT_RUNS ?? 200);
const timeout = runs * 100 + 20_000;

const name = fc.constantFrom('app', 'web', 'logs', 'istio-proxy', 'istio-init', 'extra');
const port = fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('http', 'nowhere', '8080'));
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

const handler = fc.oneof(
  fc
    .record({ path: fc.constantFrom('/', '/live'), port, scheme: optional(fc.constantFrom('HTTP', 'HTTPS')), host: optional(fc.constant('h')) })
    .map((httpGet) => ({ httpGet })),
  port.map((number) => ({ tcpSocket: { port: number } })),
  fc.record({ port: fc.integer({ min: 1, max: 65_535 }), service: optional(fc.constantFrom('', 's')) }).map((grpc) => ({ grpc })),
  fc.constant({ exec: { command: ['ok'] } }),
);
const probe = fc.tuple(handler, optional(fc.integer({ min: 1, max: 9 }))).map(([action, timeoutSeconds]) => ({ ...action, timeoutSeconds }));
const variable = fc.record({ name: fc.constantFrom('A', 'B', 'POD_NAME', 'ISTIO_META_X'), value: fc.string({ maxLength: 5 }) });
const uniqueBy = <T>(item: fc.Arbitrary<T>, key: (item: T) => string | number, maxLength = 3): fc.Arbitrary<T[]> =>
  fc.uniqueArray(item, { selector: key, maxLength });

const container = fc.record({
  name,
  image: fc.constantFrom('nginx', 'auto', 'mine:1'),
  env: optional(uniqueBy(variable, (v) => v.name)),
  ports: optional(uniqueBy(fc.record({ containerPort: fc.constantFrom(80, 8080, 15_090), name: optional(fc.constant('http')) }), (p) => p.containerPort)),
  volumeMounts: optional(
    uniqueBy(fc.record({ name: fc.constantFrom('data', 'istio-envoy'), mountPath: fc.constantFrom('/a', '/tmp', '/etc/istio/pod') }), (m) => m.mountPath),
  ),
  livenessProbe: optional(probe),
  readinessProbe: optional(probe),
  startupProbe: optional(probe),
  lifecycle: optional(handler.map((preStop) => ({ preStop }))),
  securityContext: optional(fc.record({ runAsUser: optional(fc.integer({ min: 0, max: 3000 })), privileged: optional(fc.boolean()) })),
  resources: optional(fc.constant({ requests: { cpu: '1' } })),
  tty: optional(fc.boolean()),
});

const annotations = fc.dictionary(
  fc.constantFrom('a', 'prometheus.io/port', 'prometheus.io/path', 'prometheus.io/scrape', 'prometheus.io/scheme', 'kubectl.kubernetes.io/default-container'),
  fc.constantFrom('8080', '15020', 'true', 'false', '/m'),
  { maxKeys: 4 },
);

const settings = fc.dictionary(
  fc.constantFrom('sidecar.istio.io/nativeSidecar', 'sidecar.istio.io/rewriteAppHTTPProbers', 'prometheus.istio.io/merge-metrics'),
  fc.constantFrom('true', 'false'),
  { maxKeys: 3 },
);

const pod: fc.Arbitrary<PodTemplate> = fc
  .record({
    metadata: fc.record({
      labels: fc.dictionary(fc.constantFrom('app', 'version', 'istio', 'service.istio.io/canonical-name'), fc.constantFrom('', 'x', 'y'), { maxKeys: 3 }),
      annotations: fc.tuple(annotations, settings).map(([a, b]) => ({ ...a, ...b })),
      finalizers: optional(fc.constant(['f'])),
    }),
    spec: fc.record({
      // Injection owns what it calls so; the sidecar's own container is for users to say more of.
      containers: uniqueBy(
        container.filter((c) => c.name !== 'istio-init'),
        (c) => c.name,
        4,
      ),
      initContainers: optional(
        uniqueBy(
          container.map((c) => ({ ...c, name: `first-${c.name}` })),
          (c) => c.name,
          2,
        ),
      ),
      volumes: optional(uniqueBy(fc.record({ name: fc.constantFrom('data', 'istio-envoy', 'istio-podinfo'), emptyDir: fc.constant({}) }), (v) => v.name)),
      dnsPolicy: optional(fc.constant('None')),
      securityContext: optional(fc.record({ fsGroup: fc.constant(1), sysctls: optional(fc.constant([{ name: 'a', value: '1' }])) })),
    }),
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as PodTemplate);

const config: fc.Arbitrary<Partial<InjectionConfig>> = fc.record({
  engine: fc.constantFrom('embedded', 'envoy'),
  capture: fc.constantFrom('init', 'cni', 'none'),
  nativeSidecar: fc.boolean(),
  holdApplicationUntilProxyStarts: fc.boolean(),
  rewriteAppHTTPProbe: fc.boolean(),
  defaultTemplates: fc.constantFrom(['sidecar'], ['gateway'], ['sidecar', 'more'], ['more']),
  templates: fc.constant({ more: 'spec: {containers: [{name: extra, env: [{name: C, value: "1"}]}], volumes: [{name: data, emptyDir: {medium: Memory}}]}' }),
});

const run = (value: PodTemplate, changes: Partial<InjectionConfig>): PodTemplate => {
  const result = injectPod(value, webContext, configWith(changes));
  if (!result.injected) throw new Error(result.reason);
  return result.pod;
};

it(
  'injected twice is injected once',
  () => {
    fc.assert(
      fc.property(pod, config, (value, changes) => {
        const once = run(value, changes);
        expect(run(once, changes)).toEqual(once);
      }),
      { numRuns: runs },
    );
  },
  timeout,
);

it(
  'the patch makes the one of the other',
  () => {
    fc.assert(
      fc.property(pod, config, (value, changes) => {
        const after = run(value, changes);
        expect(applyPatch(value, jsonPatch(value, after))).toEqual(after);
        // What is injected already needs none.
        expect(jsonPatch(after, run(after, changes))).toEqual([]);
      }),
      { numRuns: runs },
    );
  },
  timeout,
);

/** What injection moves: probes and metrics are given to the sidecar, and `auto` stands for its image. */
const moved =
  /^metadata\.annotations\.prometheus|\.(?:liveness|readiness|startup)Probe\b|^spec\.containers\[(?:istio-proxy|extra)\]\.(?:image|readinessProbe|startupProbe)/;

function* leaves(value: unknown, path = ''): Generator<[string, unknown]> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const key = isMap(item) ? (item.mountPath ?? item.containerPort ?? item.name ?? index) : index;
      yield* leaves(item, `${path}[${key}]`);
    }
  } else if (isMap(value)) for (const [key, item] of Object.entries(value)) yield* leaves(item, path === '' ? key : `${path}.${key}`);
  else yield [path, value];
}

/** Where things are, whether the sidecar is native or not. */
function flat(value: PodTemplate): Map<string, unknown> {
  const { initContainers = [], containers, ...spec } = value.spec;
  return new Map(leaves({ metadata: value.metadata, spec: { ...spec, containers: [...initContainers, ...containers] } }));
}

it(
  'nothing of what the user wrote is lost',
  () => {
    fc.assert(
      fc.property(pod, config, (value, changes) => {
        const after = flat(run(value, changes));
        for (const [path, leaf] of flat(value)) {
          // An empty label is none, and an explicit canonical name of nothing says nothing.
          if (moved.test(path) || (path.startsWith('metadata.labels.service.istio.io') && leaf === '')) continue;
          expect([path, after.get(path)]).toEqual([path, leaf]);
        }
      }),
      { numRuns: runs },
    );
  },
  timeout,
);

it(
  'never fails but for what the user is told',
  () => {
    const anything = fc.anything({
      maxDepth: 4,
      key: fc.constantFrom('name', 'env', 'ports', 'livenessProbe', 'httpGet', 'port', 'labels', 'annotations', 'containers'),
    });
    const broken = fc.record({
      metadata: fc.oneof(anything, fc.record({ annotations: anything })),
      spec: fc.oneof(anything, fc.record({ containers: fc.array(anything, { maxLength: 3 }) })),
    });
    fc.assert(
      fc.property(broken, (value) => {
        let plain: { metadata?: unknown; spec?: unknown };
        try {
          plain = JSON.parse(JSON.stringify(value));
        } catch {
          return;
        }
        try {
          injectPod(plain, webContext, configWith());
        } catch (error) {
          if (!(error instanceof InjectionError)) throw error;
        }
      }),
      { numRuns: 5 * runs },
    );
  },
  timeout,
);
