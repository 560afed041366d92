import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import type { Related } from '../src/analysis/finding.ts';
import { message } from '../src/analysis/message.ts';
import { type GatewayGraph, graphOf, type Hop } from './routing-loop/graph.ts';

const WFT1002 = message<{ what: string }>({
  name: 'RoutingLoop',
  level: 'Error',
  summary: 'a gateway sends requests, or copies of them, back to itself',
  text: ({ what }) => what,
});

/**
 * A proxy does not route again what it has sent to a cluster, so that virtual services alone cannot make a loop: requests have to
 * come to a gateway again, and unchanged, so that the same rule takes them (SEL-R80, RT-R14, RT-R111, RT-R112).
 */
export default defineAnalyzer({
  name: 'weft.RoutingLoopAnalyzer',
  summary: 'no gateway sends requests back to itself',
  reads: ['VirtualService', 'Gateway', 'Service', 'ServiceEntry', 'DestinationRule'],
  preset: 'recommended',
  messages: { WFT1002 },
  check({ mesh, report }) {
    const graph = graphOf(mesh);
    const said = new Set<string>();
    for (const loop of [...ofOneGateway(graph), ...graph.cycles()]) {
      const [first] = loop as [Hop, ...Hop[]];
      const { service, destination, from } = first;
      // The same rule for several hosts is one finding.
      const key = `${service.fullName} ${destination.path.join('.')}`;
      if (said.has(key)) continue;
      said.add(key);
      const what = destination.mirror ? 'copies of requests' : 'requests';
      const way = [...loop.map((hop) => hop.from.gateway.fullName), from.gateway.fullName];
      const text =
        loop.length === 1
          ? `${what} go to ${destination.host}, which is gateway ${from.gateway.fullName} itself: they come back to this rule${destination.mirror ? ', and are copied again' : ', again and again'}`
          : `${what} for ${from.host} go round between gateways: ${way.join(', ')}`;
      const both = service.spec.gateways?.includes('mesh');
      report(
        'WFT1002',
        service,
        destination.path,
        { what: text },
        {
          help: both
            ? 'give this rule a match with gateways: [mesh], so that only sidecars send requests to the gateway'
            : 'send requests to the service behind the gateway, not to the gateway',
          effect: destination.mirror
            ? 'each request becomes a chain of copies without an end'
            : 'no service ever gets such a request: it costs the gateway time until a limit or a timeout ends it with an error',
          related: loop.map(
            (hop, i): Related =>
              i === 0
                ? { resource: hop.from.gateway, path: ['spec', 'servers', hop.server], text: 'requests come in again here' }
                : { resource: hop.service, path: hop.destination.path, text: `gateway ${hop.from.gateway.fullName} sends them on here` },
          ),
        },
      );
    }
  },
});

function ofOneGateway({ hops }: GatewayGraph): Hop[][] {
  return hops.filter((hop) => hop.to === hop.from).map((hop) => [hop]);
}
