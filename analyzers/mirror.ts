import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import { describeDestination, httpRules, mirrorDestinations, type ResolvedDestination, routeDestinations } from '../src/translate/destinations.ts';

const WFT1001 = message<{ destination: string }>({
  name: 'MirrorToSelf',
  level: 'Warning',
  summary: 'requests are mirrored to the destination that already gets them',
  text: ({ destination }) => `requests to ${destination} are mirrored to ${destination} itself`,
  help: 'mirror to another subset or service, or remove the mirror',
  effect: 'the destination handles each mirrored request twice, and whatever the request changes is changed twice',
});

/** A destination is a host, a subset and a port; mirrors resolve as routes do (RT-R7). */
export default defineAnalyzer({
  name: 'weft.MirrorAnalyzer',
  summary: 'mirrors go somewhere else than the requests themselves',
  reads: ['VirtualService'],
  preset: 'recommended',
  messages: { WFT1001 },
  check({ mesh, report }) {
    for (const service of mesh.list('VirtualService')) {
      for (const { route, rule } of httpRules(service)) {
        const targets = routeDestinations(route, rule, service.namespace).filter((d) => d.weight !== 0);
        const [only] = targets;
        if (!only || targets.some((t) => !same(t, only))) continue;
        for (const mirror of mirrorDestinations(route, rule, service.namespace)) {
          if (!same(mirror, only)) continue;
          report(
            'WFT1001',
            service,
            mirror.path,
            { destination: describeDestination(mirror) },
            { related: [{ resource: service, path: only.path, text: 'the requests go here' }] },
          );
        }
      }
    }
  },
});

function same(a: ResolvedDestination, b: ResolvedDestination): boolean {
  return a.host === b.host && a.subset === b.subset && (a.port === b.port || a.port === 0 || b.port === 0);
}
