import type { Destination, HTTPMirrorPolicy, HTTPRouteDestination, RouteDestination } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkPort, checkWildcardDomain, isDnsLabel, itemsOf } from '../primitives.ts';
import type { ProblemSink } from '../validator.ts';
import { checkHeaders } from './header-rules.ts';

export function checkDestination(sink: ProblemSink, path: Path, destination: Destination | undefined): void {
  if (!destination) return;
  const { host = '', subset, port } = destination;
  const at = [...path, 'host'];
  if (host === '*') sink.error(at, 'the destination host * is not a host that requests can go to');
  else if (host === '') sink.error(path, 'the destination has no host', { same: 'empty domain name' });
  else checkWildcardDomain(sink, at, host);
  if (subset && !isDnsLabel(subset)) sink.error([...path, 'subset'], `subset ${subset} is not a DNS label (letters, digits and dashes, no dash at either end)`);
  if (port) checkPort(sink, [...path, 'port', 'number'], port.number);
}

/** The weighted destinations of a rule. They need not add up to 100, but to more than 0. */
export function checkRoute(sink: ProblemSink, path: Path, route: readonly (HTTPRouteDestination | RouteDestination | null)[] | undefined): void {
  const destinations: HTTPRouteDestination[] = itemsOf(route);
  let total = 0;
  for (const [i, { destination, weight = 0, headers }] of destinations.entries()) {
    const at = [...path, i];
    if (!destination) sink.error(at, 'the route has no destination', { same: 'destination is required' });
    checkHeaders(sink, [...at, 'headers'], headers);
    checkDestination(sink, [...at, 'destination'], destination);
    if (weight < 0) sink.error([...at, 'weight'], `weight ${weight} is less than 0`);
    total += weight;
  }
  if (destinations.length > 1 && total === 0) {
    sink.error(path, 'the weights of the destinations add up to 0, so no destination gets anything', { help: 'give each destination its share as weight' });
  }
}

/** `mirrors`: where copies of requests go. */
export function checkMirrors(sink: ProblemSink, path: Path, mirrors: readonly (HTTPMirrorPolicy | null)[] | undefined): void {
  for (const [i, { destination, percentage }] of itemsOf(mirrors).entries()) {
    const at = [...path, i];
    if (!destination) {
      sink.error(at, 'the mirror has no destination', { same: 'mirror destination is required' });
      continue;
    }
    checkDestination(sink, [...at, 'destination'], destination);
    if (percentage) checkMirrorPercentage(sink, [...at, 'percentage'], percentage.value, 'the percentage of the mirror');
  }
}

export function checkMirrorPercentage(sink: ProblemSink, path: Path, value: number | undefined, what: string): void {
  const number = value ?? 0;
  if (number > 100) sink.error(path, `${what} is ${number.toFixed(6)}; the most is 100`);
  if (number < 0) sink.error(path, `${what} is ${number.toFixed(6)}; the least is 0`);
}
