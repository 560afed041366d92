// What destination rules say about TLS, to servers that tell what they saw of it.
import fc from 'fast-check';
import { type AgreementSet, defined, doc, maybe, networking, probe, some, type World } from './set.ts';

const ports = [80, 90] as const;
const servers = ['mesh', 'mesh-other', 'dns', 'rsa', 'old', 'stranger', 'old-tls', 'no-alpn', 'b0'] as const;

const alternatives = fc.constantFrom(
  's0.example',
  's1.example',
  's2.example',
  'x.wild.example',
  '*.wild.example',
  'S0.example',
  'spiffe://cluster.local/ns/shop/sa/app',
  'spiffe://cluster.local/ns/shop/sa/else',
);

function clientTls({ certificates }: World): fc.Arbitrary<Record<string, unknown>> {
  const file = (name: string): string => certificates.file(name);
  const roots = fc.constantFrom('servers-roots.crt', 'servers-roots.crt', 'servers-roots.crt', 'all-roots.crt', 'mesh-roots.crt', 'gone.crt').map(file);
  return fc
    .record({
      mode: fc.constantFrom('SIMPLE', 'SIMPLE', 'SIMPLE', 'MUTUAL', 'MUTUAL', 'ISTIO_MUTUAL', 'ISTIO_MUTUAL', 'DISABLE'),
      sni: maybe(fc.constantFrom('s0.example', 'given.example', 'X.wild.example'), 4),
      subjectAltNames: maybe(some(alternatives, 2), 4),
      roots,
      withoutRoots: maybe(fc.constant(true), 12),
      own: fc.constantFrom('alice', 'rsa-client', 'mesh-client', 'gone'),
      insecureSkipVerify: maybe(fc.constant(true), 5),
      credentialName: maybe(fc.constantFrom('to-servers', 'to-mesh', 'gone'), 6),
      caCrl: maybe(fc.constantFrom('servers.crl', 'gone.crl').map(file), 10),
    })
    .map(({ mode, roots: caCertificates, withoutRoots, own, credentialName, insecureSkipVerify, caCrl, ...more }): Record<string, unknown> => {
      if (mode === 'DISABLE') return { mode };
      if (mode === 'ISTIO_MUTUAL') return defined({ mode, ...more });
      const pair = mode === 'MUTUAL' ? { clientCertificate: file(`${own}.crt`), privateKey: file(`${own}.key`) } : {};
      if (insecureSkipVerify) return defined({ mode, insecureSkipVerify, sni: more.sni, ...pair });
      if (credentialName) return defined({ mode, credentialName, ...more });
      return defined({ mode, ...more, ...pair, caCrl, ...(withoutRoots ? {} : { caCertificates }) });
    });
}

const secrets = {
  'shop/to-servers': { pair: 'alice', roots: 'servers' },
  'shop/to-mesh': { pair: 'mesh-client' },
  'shop/to-mesh-cacert': { roots: 'mesh' },
};

const entrySettings = fc.record({
  server: fc.constantFrom(...servers),
  second: maybe(fc.constantFrom(...servers), 3),
  protocol: fc.constantFrom('HTTP', 'HTTP', 'HTTP2'),
  location: fc.constantFrom('MESH_INTERNAL', 'MESH_EXTERNAL'),
  sidecar: fc.boolean(),
  account: maybe(fc.constantFrom('app', 'else'), 2),
  subjectAltNames: maybe(some(alternatives, 1), 6),
});

type EntrySettings = typeof entrySettings extends fc.Arbitrary<infer T> ? T : never;

export function outboundSet(world: World, probes: number): fc.Arbitrary<AgreementSet> {
  const tls = clientTls(world);
  const policy = fc
    .record({ tls: maybe(tls, 2), http: maybe(tls, 6), useClientProtocol: maybe(fc.constant(true), 6) })
    .map(({ tls: all, http, useClientProtocol }) =>
      defined({
        tls: all,
        portLevelSettings: http && [{ port: { number: 80 }, tls: http }],
        connectionPool: useClientProtocol && { http: { useClientProtocol } },
      }),
    );
  const rule = fc.record({ policy: maybe(policy, 2).map((found) => found ?? {}), subset: maybe(policy, 3), created: fc.boolean() });
  const hosts = fc.constantFrom('s0.example', 's1.example', 's2.example', 's0.example:80', 'S1.example', '127.0.0.1', 's2.example.', 'a.wild.example');
  const service = (name: string, { server, second, protocol, location, sidecar, account, subjectAltNames }: EntrySettings): string => {
    const at = (of: string, version: string): Record<string, unknown> => {
      const port = world.backends[of]?.port;
      return defined({
        address: '127.0.0.1',
        ports: { http: port, tcp: port },
        labels: { version, ...(sidecar ? { 'security.istio.io/tlsMode': 'istio' } : {}) },
        serviceAccount: account,
      });
    };
    const spec = defined({
      hosts: [`${name}.example`],
      location,
      resolution: 'STATIC',
      ports: [
        { number: 80, name: 'http', protocol },
        { number: 90, name: 'tcp', protocol: 'TCP' },
      ],
      endpoints: [at(server, 'v1'), ...(second ? [at(second, 'v2')] : [])],
      subjectAltNames,
    });
    return networking('ServiceEntry', name, spec);
  };
  return fc
    .record({
      entries: fc.tuple(entrySettings, entrySettings, entrySettings),
      rules: fc.tuple(rule, rule, rule),
      rewrite: maybe(fc.constantFrom('s0.example', 's2.example', 'y.wild.example', 's1.example:8080'), 4),
      peers: maybe(fc.constantFrom('DISABLE', 'STRICT'), 4),
      tcp: fc.constantFrom('s0', 's1', 's2'),
      meshConfig: fc.constantFrom<Record<string, unknown>>(
        {},
        {},
        {},
        { enableAutoMtls: false },
        { tlsDefaults: { cipherSuites: ['ECDHE-RSA-AES256-GCM-SHA384'], ecdhCurves: ['P-384', 'secp'] } },
      ),
      identity: fc.constantFrom(true, true, true, false),
      probes: fc.array(
        probe([0, 0, 1], fc.constant(undefined), hosts).map((one) => {
          const { tls: _, ...plain } = one;
          return plain;
        }),
        { minLength: probes, maxLength: probes },
      ),
    })
    .map(({ entries, rules, rewrite, peers, tcp, ...rest }) => {
      const names = ['s0', 's1', 's2'];
      const to = (name: string, number: number, subset?: string) => ({ destination: defined({ host: `${name}.example`, port: { number }, subset }) });
      const routed = names.map((name, i) => {
        const subset = rules[i]?.subset && entries[i]?.second ? 'v2' : undefined;
        // One endpoint each: nobody compares which of several is taken.
        const first = entries[i]?.second ? 'v1' : undefined;
        return networking('VirtualService', name, {
          hosts: [`${name}.example`, ...(i === 2 ? ['127.0.0.1', '*.wild.example', 's2.example.'] : [])],
          gateways: ['edge'],
          http: [
            ...(subset ? [{ match: [{ headers: { 'x-subset': { exact: subset } } }], route: [to(name, 80, subset)] }] : []),
            ...(rewrite ? [{ match: [{ uri: { prefix: '/b' } }], rewrite: { authority: rewrite }, route: [to(name, 80, first)] }] : []),
            { route: [to(name, 80, first)] },
          ],
        });
      });
      const manifests = [
        ...names.map((name, i) => service(name, entries[i] as EntrySettings)),
        ...names.map((name, i) =>
          networking(
            'DestinationRule',
            name,
            defined({
              host: `${name}.example`,
              trafficPolicy: rules[i]?.policy,
              subsets: [{ name: 'v1', labels: { version: 'v1' } }, defined({ name: 'v2', labels: { version: 'v2' }, trafficPolicy: rules[i]?.subset })],
            }),
          ),
        ),
        networking('Gateway', 'edge', {
          selector: { app: 'edge' },
          servers: [
            { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] },
            { port: { number: 90, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
          ],
        }),
        ...routed,
        networking('VirtualService', 'tcp', {
          hosts: ['tcp.example'],
          gateways: ['edge'],
          tcp: [{ match: [{ port: 90 }], route: [to(tcp, 90, entries[names.indexOf(tcp)]?.second ? 'v1' : undefined)] }],
        }),
        ...(peers ? [doc('security.istio.io/v1', 'PeerAuthentication', 'all', { mtls: { mode: peers } })] : []),
      ].join('');
      return { manifests, proxy: { role: 'gateway', labels: { app: 'edge' }, name: 'edge' }, ports, inbound: false, secrets, ...rest };
    });
}
