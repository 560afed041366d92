import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0118, IST0150 } from '../src/analysis/catalogue/services.ts';
import { isControlPlane, managedLabel, waypointController } from '../src/model/injection.ts';
import { protocolOf } from '../src/model/protocols.ts';
import { items, text } from '../src/model/untyped.ts';

/** Services that these make are not for users to change. */
const controllers: ReadonlySet<string | undefined> = new Set(['istio.io-gateway-controller', waypointController, 'istio.io-eastwest-controller']);

/** spec/analyze/messages.md, service.PortNameAnalyzer */
export default defineAnalyzer({
  name: 'service.PortNameAnalyzer',
  summary: 'ports of services declare their protocols',
  reads: ['Service'],
  preset: 'reference',
  messages: { IST0118, IST0150 },
  check({ mesh, report }) {
    for (const service of mesh.list('Service')) {
      if (isControlPlane(service) || controllers.has(service.labels[managedLabel])) continue;
      const external = service.spec.type === 'ExternalName';
      items(service.spec.ports).forEach((entry, i) => {
        const { port = 0, targetPort } = entry;
        const name = text(entry.name);
        if (protocolOf(entry) && !(external && name === 'tcp')) return;
        const path = ['spec', 'ports', i, 'port'];
        if (external) report('IST0150', service, path, { name, port, words: 'port' });
        else report('IST0118', service, path, { name, port, targetPort: String(targetPort ?? 0) });
      });
    }
  },
});
