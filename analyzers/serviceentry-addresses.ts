import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0134 } from '../src/analysis/catalogue/service-entries.ts';
import type { ServiceEntryStatus } from '../src/manifest/istio/networking.gen.ts';
import { isMap } from '../src/model/untyped.ts';

/** spec/analyze/messages.md, serviceentry */
export default defineAnalyzer({
  name: 'serviceentry.Analyzer',
  summary: 'TCP ports of service entries have addresses',
  reads: ['ServiceEntry', 'MeshConfig'],
  preset: 'reference',
  supersededBy: 'schema.ValidationAnalyzer.ServiceEntry',
  messages: { IST0134 },
  check({ mesh, report }) {
    const metadata = mesh.meshConfig.defaultConfig?.proxyMetadata ?? {};
    const allocated = metadata.ISTIO_META_DNS_AUTO_ALLOCATE === 'true' || metadata.PILOT_ENABLE_IP_AUTOALLOCATE === 'true';
    if (metadata.ISTIO_META_DNS_CAPTURE === 'true' && allocated) return;
    for (const entry of mesh.list('ServiceEntry')) {
      const { addresses = [], hosts = [], ports = [] } = entry.spec;
      const status = (isMap(entry.raw.status) ? entry.raw.status : {}) as ServiceEntryStatus;
      if (addresses.length > 0 || (Array.isArray(status.addresses) && status.addresses.length > 0)) continue;
      for (const [i, port] of ports.entries()) {
        if (!['', 'TCP'].includes((port?.protocol ?? '').toUpperCase())) continue;
        // The reference has a line for a port with a name only; it says the rest once.
        const same = port?.name === undefined ? 'a port without a name' : undefined;
        report('IST0134', entry, ['spec', 'ports', i, 'name'], { hosts, same });
      }
    }
  },
});
