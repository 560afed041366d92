// Ports of a workload, by what peer policies ask for.
import fc from 'fast-check';
import { type AgreementSet, defined, doc, maybe, networking, probe, type World } from './set.ts';

const modes = ['STRICT', 'STRICT', 'PERMISSIVE', 'PERMISSIVE', 'DISABLE', 'UNSET'];
const mode = fc.constantFrom(...modes);
/** The last one is of no service. */
const own = ['b0', 'b1', 'b2', 'b3'] as const;

const meshConfig = fc
  .record({
    trustDomain: maybe(fc.constantFrom('cluster.local', 'other.test'), 3),
    trustDomainAliases: maybe(fc.constantFrom(['alias.test'], ['alias.test', 'other.test'], ['cluster.local']), 3),
    meshMTLS: maybe(fc.constant({ minProtocolVersion: 'TLSV1_3' }), 5),
    forwarded: maybe(fc.constantFrom('SANITIZE', 'FORWARD_ONLY', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY'), 5),
  })
  .map(({ forwarded, ...more }) => defined({ ...more, defaultConfig: forwarded && { proxyHeaders: { forwardedClientCert: forwarded } } }));

function policy(name: string, namespace: string, spec: Record<string, unknown>): string {
  return doc('security.istio.io/v1', 'PeerAuthentication', name, spec, namespace);
}

export function inboundSet(world: World, probes: number): fc.Arbitrary<AgreementSet> {
  const ports = own.map((name) => world.backends[name]?.port ?? 0);
  const [http = 0, tcp = 0, any = 0] = ports;
  const hosts = fc.constantFrom('app', 'app.shop.svc.cluster.local');
  const sni = fc.constantFrom<string | undefined>('outbound_.80_._.app.shop.svc.cluster.local', 'app', undefined);
  return fc
    .record({
      protocol: fc.constantFrom('http', 'http2', 'grpc', 'http'),
      mesh: maybe(mode, 2),
      namespace: maybe(mode, 2),
      workload: maybe(fc.record({ mode: maybe(mode, 2), ports: fc.dictionary(fc.constantFrom(...ports.map(String)), mode, { maxKeys: 3 }) }), 2),
      rules: maybe(fc.constantFrom('*', 'cluster.local/ns/shop/sa/client', 'alias.test/ns/shop/sa/client'), 4),
      meshConfig,
      identity: fc.constantFrom(true, true, true, true, true, true, false),
      probes: fc.array(probe([...ports.keys()], sni, hosts), { minLength: probes, maxLength: probes }),
    })
    .map(({ protocol, mesh, namespace, workload, rules, ...rest }) => {
      const selector = { matchLabels: { app: 'app' } };
      const manifests = [
        doc('v1', 'Service', 'app', {
          selector: { app: 'app' },
          ports: [
            { name: protocol, port: 80, targetPort: http },
            { name: 'tcp', port: 81, targetPort: tcp },
            { name: 'any', port: 82, targetPort: any },
          ],
        }),
        ...(mesh ? [policy('mesh', 'istio-system', { mtls: { mode: mesh } })] : []),
        ...(namespace ? [policy('all', 'shop', { mtls: { mode: namespace } })] : []),
        ...(workload
          ? [
              policy(
                'app',
                'shop',
                defined({
                  selector,
                  mtls: workload.mode ? { mode: workload.mode } : undefined,
                  portLevelMtls: Object.fromEntries(Object.entries(workload.ports).map(([port, of]) => [port, { mode: of }])),
                }),
              ),
            ]
          : []),
        ...(rules
          ? [
              doc('security.istio.io/v1', 'AuthorizationPolicy', 'peers', {
                selector,
                action: 'ALLOW',
                rules: [{ from: [{ source: { principals: [rules] } }] }],
              }),
            ]
          : []),
        networking('Sidecar', 'app', { workloadSelector: { labels: { app: 'app' } }, egress: [{ hosts: ['~/*'] }] }),
      ].join('');
      return { manifests, proxy: { name: 'app', labels: { app: 'app' }, serviceAccount: 'own' }, ports, inbound: true, secrets: {}, ...rest };
    });
}
