import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import { downstreamTls } from '../src/translate/gateways/server-tls.ts';

const WFT1035 = message<{ oldest: string; newest: string }>({
  name: 'TlsVersionsEmpty',
  level: 'Error',
  summary: 'a server of a gateway takes no version of TLS at all',
  text: ({ oldest, newest }) => `no client can connect: the newest version of TLS is to be ${newest}, the oldest ${oldest}`,
  help: 'leave minProtocolVersion (TLSV1_2) and maxProtocolVersion (TLSV1_3) out, or set the newer one as maxProtocolVersion',
  effect: 'every handshake fails',
});

/** Gateway.servers[].tls.minProtocolVersion and maxProtocolVersion, with the defaults of the mesh. */
export default defineAnalyzer({
  name: 'weft.GatewayTlsVersionsAnalyzer',
  summary: 'servers of gateways take a version of TLS',
  reads: ['Gateway', 'MeshConfig'],
  preset: 'recommended',
  messages: { WFT1035 },
  check({ mesh, report }) {
    for (const gateway of mesh.list('Gateway')) {
      for (const [i, server] of (gateway.spec.servers ?? []).entries()) {
        const tls = server?.tls;
        // What passes TLS on has nothing to do with its versions.
        if (!tls || tls.httpsRedirect || tls.mode === 'PASSTHROUGH' || tls.mode === 'AUTO_PASSTHROUGH') continue;
        const { minVersion: oldest = '', maxVersion: newest = oldest } = downstreamTls(tls, true, mesh.meshConfig.tlsDefaults);
        if (newest >= oldest) continue;
        const related = tls.minProtocolVersion ? [{ resource: gateway, path: ['spec', 'servers', i, 'tls', 'minProtocolVersion'], text: 'the oldest' }] : [];
        report('WFT1035', gateway, ['spec', 'servers', i, 'tls', 'maxProtocolVersion'], { oldest, newest }, { related });
      }
    }
  },
});
