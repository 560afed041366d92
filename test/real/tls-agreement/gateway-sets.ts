// Gateways with servers of all kinds, on ports that they share.
import fc from 'fast-check';
import { type AgreementSet, defined, maybe, networking, probe, some, type World } from './set.ts';

const ports = [443, 8443] as const;
const own = ['b0', 'b1', 'b2'] as const;

const names = ['a.example', 'b.example', 'c.b.example', 'd.c.b.example', 'x.example', 'example', 'z.test'];
const serverHost = fc.constantFrom(
  'a.example',
  'b.example',
  'c.b.example',
  'A.Example',
  '*.example',
  '*.example',
  '*.b.example',
  '*',
  '*',
  'shop/a.example',
  './b.example',
  '*/x.example',
  'else/z.test',
  '*/*',
  'shop/*.b.example',
);
const serviceHost = fc.constantFrom(
  '*',
  '*',
  '*.example',
  'a.example',
  'b.example',
  'c.b.example',
  'x.example',
  '*.example',
  '*.b.example',
  '*',
  'z.test',
  'B.example',
);
/** As proxies of the mesh call a service. */
const ofMesh = ['outbound_.90_._.b2.example', 'outbound_.80_._.b2.example', 'outbound_.90_._.b1.example'];
const sni = fc.constantFrom<string | undefined>(...names, ...ofMesh, 'A.EXAMPLE', 'a.example.', undefined);
const lowerSni = sni.map((name) => name?.toLowerCase());
const host = fc.constantFrom(...names, 'a.example:443', 'A.example', 'b.example:8443');

/** A name that a server of such a host takes. */
function nameOf(written: string): string {
  return written.replace(/^.*\//, '').replace(/^\*$/, 'x.example').replace(/^\*/, 'c').toLowerCase();
}

const suites = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'AES256-SHA',
  'NO-SUCH-SUITE',
  'ALL',
] as const;

const alternatives = fc.constantFrom(
  'alice.example',
  'bob.example',
  '*.bob.example',
  'x.bob.example',
  'ALICE.example',
  '10.0.0.7',
  'bob@bob.example',
  'spiffe://cluster.local/ns/shop/sa/client',
);

function certificates({ certificates: all, digests }: World): fc.Arbitrary<Record<string, unknown>> {
  const files = (name: string): Record<string, unknown> => ({ serverCertificate: all.file(`${name}.crt`), privateKey: all.file(`${name}.key`) });
  const source = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('gate-a', 'gate-b', 'gate-rsa').map(files) },
    { weight: 1, arbitrary: fc.constant({ tlsCertificates: [files('gate-a'), files('gate-rsa')] }) },
    { weight: 1, arbitrary: fc.constant({ tlsCertificates: [files('gate-rsa'), files('gate-a')] }) },
    { weight: 4, arbitrary: fc.constantFrom('web', 'web-rsa', 'beside', 'kubernetes://web').map((credentialName) => ({ credentialName })) },
    { weight: 1, arbitrary: fc.constant({ credentialNames: ['web', 'web-rsa'] }) },
    { weight: 1, arbitrary: fc.constantFrom({ credentialName: 'gone' }, files('gone')) },
  );
  const roots = fc
    .constantFrom(
      'clients-roots.crt',
      'clients-roots.crt',
      'clients-roots.crt',
      'mesh-roots.crt',
      'all-roots.crt',
      'all-roots.crt',
      'all-roots.crt',
      'gone.crt',
    )
    .map((name) => all.file(name));
  return fc
    .record({
      source,
      caCertificates: roots,
      caCertCredentialName: maybe(fc.constantFrom('ca-only', 'gone'), 6),
      subjectAltNames: maybe(some(alternatives, 2), 4),
      verifyCertificateSpki: maybe(fc.constantFrom([digests.publicKey], ['NvqYIYSbgK2vCJpQhObf77vv+bQWtc5ek5RIOwPiC9A=']), 8),
      caCrl: maybe(
        fc.constantFrom('clients.crl', 'clients.crl', 'gone.crl').map((name) => all.file(name)),
        10,
      ),
      verifyCertificateHash: maybe(fc.constantFrom([digests.certificate], [digests.certificate.toLowerCase().replaceAll(':', '')]), 8),
    })
    .map(({ source: from, caCertificates, caCrl, ...more }) => ({
      ...from,
      ...('credentialName' in from || 'credentialNames' in from ? {} : { caCertificates, caCrl }),
      ...more,
    }));
}

const versions = ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'];

function ended(world: World, http: boolean): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .record({
      mode: fc.constantFrom('SIMPLE', 'SIMPLE', 'MUTUAL', 'MUTUAL', 'OPTIONAL_MUTUAL', 'OPTIONAL_MUTUAL', 'ISTIO_MUTUAL'),
      certificates: certificates(world),
      minProtocolVersion: maybe(fc.constantFrom(...versions), 4),
      maxProtocolVersion: maybe(fc.constantFrom(...versions), 6),
      cipherSuites: maybe(some(fc.constantFrom(...suites), 3), 5),
      httpsRedirect: maybe(fc.constant(http), 20),
    })
    .map(({ certificates: from, ...settings }): Record<string, unknown> => {
      if (settings.mode === 'SIMPLE') return defined({ ...settings, ...from, caCrl: undefined });
      if (settings.mode !== 'ISTIO_MUTUAL') return defined({ ...settings, ...from });
      return defined({ ...settings, subjectAltNames: from.subjectAltNames });
    });
}

interface WrittenServer {
  port: { number: (typeof ports)[number]; protocol: string };
  hosts: string[];
  tls?: unknown;
}

function server(world: World): fc.Arbitrary<WrittenServer> {
  const kinds = fc.oneof(
    { weight: 8, arbitrary: ended(world, true).map((tls) => ({ protocol: 'HTTPS', tls })) },
    { weight: 3, arbitrary: ended(world, false).map((tls) => ({ protocol: 'TLS', tls })) },
    { weight: 3, arbitrary: fc.constantFrom('TLS', 'HTTPS').map((protocol) => ({ protocol, tls: { mode: 'PASSTHROUGH' } })) },
    { weight: 1, arbitrary: fc.constant({ protocol: 'TLS', tls: { mode: 'AUTO_PASSTHROUGH' } }) },
    { weight: 2, arbitrary: fc.constantFrom({ protocol: 'HTTP' }, { protocol: 'HTTP', tls: { httpsRedirect: true } }, { protocol: 'HTTP2' }) },
    { weight: 1, arbitrary: fc.constant({ protocol: 'TCP' }) },
  );
  return fc.record({ number: fc.constantFrom(...ports), kind: kinds, hosts: some(serverHost, 3) }).map(({ number, kind, hosts }) => ({
    port: { number, protocol: kind.protocol },
    hosts,
    ...('tls' in kind ? { tls: kind.tls } : {}),
  }));
}

const destination = fc.constantFrom(...own).map((name) => [{ destination: { host: `${name}.example`, port: { number: 80 } } }]);
const tcpDestination = fc.constantFrom(...own).map((name) => [{ destination: { host: `${name}.example`, port: { number: 90 } } }]);
const onPort = maybe(fc.constantFrom(...ports), 4);

const service = fc
  .record({
    hosts: fc.uniqueArray(serviceHost, { minLength: 1, maxLength: 3 }),
    gateways: fc.constantFrom(['edge'], ['edge', 'more'], ['edge', 'more'], ['more'], ['mesh', 'edge']),
    http: maybe(some(fc.tuple(destination, onPort, maybe(fc.constantFrom('/a', '/b'), 3)), 2), 2),
    tls: maybe(some(fc.tuple(tcpDestination, onPort, fc.nat()), 3), 2),
    tcp: maybe(some(fc.tuple(tcpDestination, onPort), 2), 2),
  })
  .map(({ hosts, gateways, http, tls, tcp }) =>
    defined({
      hosts,
      gateways,
      http:
        (http ?? (tls || tcp ? undefined : [])) &&
        (http ?? []).map(([route, port, prefix]) => ({
          ...(port || prefix ? { match: [defined({ port, uri: prefix && { prefix } })] } : {}),
          route,
        })),
      tls: tls?.map(([route, port, index]) => {
        const written = hosts[index % hosts.length] as string;
        const names = [written, ...(written.startsWith('*') && index % 2 === 0 ? [`e${written.slice(1)}`] : [])];
        return { match: [defined({ sniHosts: names, port })], route };
      }),
      tcp: tcp?.map(([route, port]) => ({ ...(port ? { match: [{ port }] } : {}), route })),
    }),
  );

const meshConfig = fc
  .record({
    tlsDefaults: maybe(
      fc.record({
        minProtocolVersion: fc.constantFrom('TLS_AUTO', 'TLSV1_3'),
        ecdhCurves: fc.constantFrom<string[]>([], ['P-256'], ['P-384', 'X25519'], ['secp', 'P-521']),
        cipherSuites: fc.constantFrom<string[]>([], ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384']),
      }),
      6,
    ),
    forwardClientCertDetails: maybe(fc.constantFrom('SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'ALWAYS_FORWARD_ONLY'), 4),
  })
  .map(({ tlsDefaults, forwardClientCertDetails }) =>
    defined({ tlsDefaults, defaultConfig: forwardClientCertDetails && { gatewayTopology: { forwardClientCertDetails } } }),
  );

const secrets = {
  'shop/web': { pair: 'gate-a', roots: 'clients' },
  'shop/web-rsa': { pair: 'gate-rsa' },
  'shop/beside': { pair: 'gate-b' },
  'shop/beside-cacert': { roots: 'mesh' },
  'shop/ca-only': { roots: 'clients' },
};

export function gatewaySet(world: World, probes: number): fc.Arbitrary<AgreementSet> {
  const entries = own.map((name) => {
    const port = world.backends[name]?.port;
    const spec = {
      hosts: [`${name}.example`],
      location: name === 'b2' ? 'MESH_INTERNAL' : 'MESH_EXTERNAL',
      resolution: 'STATIC',
      ports: [
        { number: 80, name: 'http', protocol: 'HTTP' },
        { number: 90, name: 'tcp', protocol: 'TCP' },
      ],
      endpoints: [{ address: '127.0.0.1', ports: { http: port, tcp: port } }],
    };
    return networking('ServiceEntry', name, spec);
  });
  return fc
    .record({
      first: some(server(world), 4),
      second: maybe(some(server(world), 2), 3),
      services: some(service, 3),
      meshConfig,
      identity: fc.constantFrom(true, true, true, false),
    })
    .chain(({ first, second, ...rest }) => {
      // Among several certificates, Envoy alone tells capital letters of the name that is asked for from small ones.
      const several = /"(?:tlsCertificates|credentialNames)"/.test(JSON.stringify([first, second]));
      // Most connections are for a server that is there.
      const aims = [...first, ...(second ?? [])].flatMap(({ port, hosts }) => hosts.map((name) => ({ slot: ports.indexOf(port.number), name: nameOf(name) })));
      const aimed = fc.constantFrom(...aims).chain(({ slot, name }) => {
        const asked = fc.oneof({ weight: 4, arbitrary: fc.constant<string | undefined>(name) }, { weight: 1, arbitrary: several ? lowerSni : sni });
        const named = fc.oneof({ weight: 4, arbitrary: fc.constant(name) }, { weight: 1, arbitrary: host });
        return probe([slot], asked, named);
      });
      return fc.array(aimed, { minLength: probes, maxLength: probes }).map((all) => ({ first, second, ...rest, probes: all }));
    })
    .map(({ first, second, services, ...rest }) => {
      const named = (list: readonly WrittenServer[]) => list.map((one, i) => ({ ...one, port: { ...one.port, name: `p${i}` } }));
      const gateways = [
        networking('Gateway', 'edge', { selector: { app: 'edge' }, servers: named(first) }),
        ...(second ? [networking('Gateway', 'more', { selector: { app: 'edge' }, servers: named(second) }, 'shop', 2)] : []),
      ];
      const routes = services.map((spec, i) => networking('VirtualService', `v${i}`, spec, 'shop', i + 1));
      return {
        manifests: [...entries, ...gateways, ...routes].join(''),
        proxy: { role: 'gateway', labels: { app: 'edge' }, name: 'edge' },
        ports,
        inbound: false,
        secrets,
        ...rest,
      };
    });
}
