import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import { describeDestination, httpRules, routeDestinations } from '../src/translate/destinations.ts';

const WFT1005 = message<{ sum: number; count: number; shares: string }>({
  name: 'WeightsNotHundred',
  level: 'Warning',
  summary: 'the weights of a route do not sum to 100',
  text: ({ sum, count, shares }) =>
    count === 1
      ? `the only destination has weight ${sum}, and it gets all requests: a weight says nothing where there is one destination`
      : `the weights sum to ${sum}, not 100; the shares are ${shares}`,
  help: 'let the weights sum to 100, so that each is the percentage that it looks like',
  effect: ({ count }) =>
    count === 1 ? 'no request is held back: 100% go to this destination' : 'each destination gets its weight divided by the sum, not its weight in percent',
  aliases: ['KIA1104'],
});

const WFT1006 = message<{ destination: string }>({
  name: 'DuplicateDestination',
  level: 'Warning',
  summary: 'a route names one destination twice',
  text: ({ destination }) => `this route sends to ${destination} twice`,
  help: 'put both weights into one entry, or correct the host, subset or port of one of them',
  effect: 'it gets the sum of both weights, and whatever was meant by the other entry gets nothing',
  aliases: ['KIA1105'],
});

/** Weights are shares of their sum (RT-R2); a cluster is a host, a subset and a port (RT-R4). */
export default defineAnalyzer({
  name: 'weft.RouteWeightsAnalyzer',
  summary: 'weights of a route sum to 100, and its destinations differ',
  reads: ['VirtualService'],
  preset: 'recommended',
  messages: { WFT1005, WFT1006 },
  check({ mesh, report }) {
    for (const service of mesh.list('VirtualService')) {
      for (const { route, rule, path } of httpRules(service)) {
        const destinations = routeDestinations(route, rule, service.namespace);
        const seen = new Map<string, number>();
        for (const [i, d] of destinations.entries()) {
          const name = describeDestination(d);
          const first = seen.get(name);
          if (first === undefined) seen.set(name, i);
          else
            report(
              'WFT1006',
              service,
              d.path,
              { destination: name },
              { related: [{ resource: service, path: destinations[first]?.path ?? path, text: 'named here first' }] },
            );
        }
        const written = destinations.filter((d) => d.weight !== undefined);
        const sum = written.reduce((total, d) => total + (d.weight ?? 0), 0);
        if (written.length === 0 || sum === 100 || written.some((d) => (d.weight ?? 0) < 0)) continue;
        // A sum of 0 over several destinations is refused by validation; a lone 0 is how some write "all".
        if (sum === 0) continue;
        const shares = destinations.map((d) => `${d.subset || d.host.split('.')[0]} ${percent(d.weight ?? 0, sum)}`).join(', ');
        const lone = destinations.length === 1;
        report('WFT1005', service, lone ? ['spec', 'http', rule, 'route', 0, 'weight'] : [...path, 'route'], { sum, count: destinations.length, shares });
      }
    }
  },
});

function percent(weight: number, sum: number): string {
  return `${Math.round((weight / sum) * 1000) / 10}%`;
}
