// Virtual hosts: what their rules do with requests.
import type { DestinationSection, HostSection, RouteSection, TcpSection } from '../../describe/description.ts';
import type { HeaderMatcher, RouteMatch } from '../../ir/route-match.ts';
import type { StringMatcher } from '../../ir/string-matcher.ts';
import type { Origin } from '../../ir/table.ts';
import { shortHost } from '../proxy/route-text.ts';
import { ms, percent, rewriteText } from '../route/words.ts';
import type { Lines } from './lines.ts';

/** What is described, for what leads elsewhere. */
export interface About {
  of: 'pod' | 'service';
  namespace: string;
  /** The service that is told of, and whether a DestinationRule gives it subsets. */
  service?: { host: string; subsets: boolean };
}

export function hostLines(lines: Lines, host: HostSection, about: About): void {
  if (host.by.length === 0) lines.add('No VirtualService: requests go to the service itself');
  for (const [kind, origins] of Map.groupBy(host.by, ({ kind: own }) => own.replace(/^.*\//, ''))) {
    const [first] = origins;
    lines.add(`${kind}: ${origins.map((origin) => lines.name(origin)).join(', ')}`, first && origins.length === 1 ? { place: lines.place(first) } : {});
  }
  const rules = rulesOf(host.routes);
  for (const [number, rule] of rules.entries()) ruleLines(lines, rule, about, rules.length > 1 ? number + 1 : undefined);
  noneHere(lines, host, about);
}

/** Routes of one rule differ in what they match only. */
function rulesOf(routes: readonly RouteSection[]): RouteSection[][] {
  const rules: RouteSection[][] = [];
  for (const route of routes) {
    const last = rules.at(-1)?.[0];
    const same =
      last?.origin && route.origin && ruleKey(last.origin) === ruleKey(route.origin) && (last.shadowedBy === undefined) === (route.shadowedBy === undefined);
    if (same) rules.at(-1)?.push(route);
    else rules.push([route]);
  }
  return rules;
}

function ruleKey({ kind, namespace, name, path }: Origin): string {
  return JSON.stringify([kind, namespace, name, path.slice(0, 3)]);
}

function ruleLines(lines: Lines, rule: readonly RouteSection[], about: About, number: number | undefined): void {
  const [first] = rule;
  if (!first) return;
  const place = first.origin && lines.place({ ...first.origin, path: first.origin.path.slice(0, 3) });
  if (number !== undefined) lines.add(`   Rule ${number}${first.name === '' ? '' : ` ${JSON.stringify(first.name)}`}:`, place === undefined ? {} : { place });
  const at = number === undefined ? '   ' : '      ';
  if (first.shadowedBy) lines.warn(`${at}WARNING: no request gets here, earlier routes take them`);
  for (const to of first.destinations) if (to.percent > 0) destinationLine(lines, to, at, about);
  const none = first.destinations.filter((to) => to.percent === 0);
  if (none.length > 0) lines.add(`${at}Weight 0: ${none.map((to) => hostText(to, about)).join(', ')}`);
  if (about.of === 'pod') {
    const others = first.destinations.filter(({ reaches, percent: share }) => !reaches && share > 0).length;
    if (others > 0 && first.reaches) lines.add(`${at}${others} additional destination(s) that will not reach this pod`);
  }
  const { redirect, direct, fault, timeoutMs, retry, rewrite, authority, cors } = first;
  if (redirect) {
    const { status, scheme, host, port, path, prefix } = redirect.value;
    const to = [scheme && `${scheme}://`, host, port && `:${port}`, path ?? prefix].filter(Boolean).join('');
    lines.add(`${at}Redirect: ${status}${to === '' ? '' : ` to ${to}`}`, { place: lines.from(redirect.source) });
  }
  if (direct) lines.add(`${at}Direct response: ${direct.value.status}`, { place: lines.from(direct.source) });
  const matches = rule.map(({ match }) => matchText(match)).filter((text) => text !== '');
  if (matches.length > 0) lines.add(`${at}Match: ${matches.join(', ')}`);
  for (const to of first.mirrors) lines.add(`${at}Mirror ${percent(to.percent)} to ${hostText(to, about)}${failureText(to)}`, { place: lines.from(to.source) });
  if (fault?.delay) {
    const { durationMs, percent: share } = fault.delay.value;
    lines.add(`${at}Fault injection: delay of ${ms(durationMs)} for ${percent(share)}`, { place: lines.from(fault.delay.source) });
  }
  if (fault?.abort) {
    const { httpStatus, grpcStatus, percent: share } = fault.abort.value;
    const status = httpStatus === undefined ? `gRPC status ${grpcStatus}` : `status ${httpStatus}`;
    lines.add(`${at}Fault injection: abort with ${status} for ${percent(share)}`, { place: lines.from(fault.abort.source) });
  }
  if (rewrite) lines.add(`${at}Rewrite: ${rewriteText(rewrite.value)}`, { place: lines.from(rewrite.source) });
  if (authority !== undefined) lines.add(`${at}Rewrite: the authority becomes ${authority}`);
  if (cors) lines.add(`${at}CORS: the proxy answers preflights`, { place: lines.from(cors.source) });
  if (first.headers) lines.add(`${at}Headers are changed`);
  if (timeoutMs) lines.add(`${at}Timeout: ${timeoutMs.value === 0 ? 'none' : ms(timeoutMs.value)}`, { place: lines.from(timeoutMs.source) });
  if (retry) {
    const each = retry.perTryTimeoutMs ? `, each try ${ms(retry.perTryTimeoutMs.value)}` : '';
    const codes = retry.statusCodes.length > 0 ? ` (${retry.statusCodes.join(', ')})` : '';
    lines.add(`${at}Retries: ${retry.attempts.value} on ${retry.on.value.join(',')}${codes}${each}`, { place: lines.from(retry.attempts.source) });
  } else if (timeoutMs) lines.add(`${at}Retries: none`);
}

/** Rules lead to others only. */
function noneHere(lines: Lines, { routes, by }: HostSection, about: About): void {
  const forwarding = routes.filter(({ destinations }) => destinations.length > 0);
  if (about.of !== 'pod' || by.length === 0 || forwarding.length === 0 || forwarding.some(({ reaches }) => reaches)) return;
  lines.warn(`   WARNING: No destinations match pod subsets (checked ${routes.length} HTTP routes)`);
  for (const { destinations, match } of forwarding) {
    for (const to of destinations) {
      if (to.failure === 'unknown-subset' && to.host === about.service?.host && !about.service.subsets)
        lines.warn(`      Warning: Route to subset ${to.subset} but NO DESTINATION RULE defining subsets!`);
      else if (to.failure === 'unknown-subset')
        lines.warn(`      Warning: Route to UNKNOWN subset ${to.subset}; check DestinationRule of ${hostName(to, about)}`);
      else if (to.subset !== '') lines.add(`      Route to non-matching subset ${to.subset} for ${matchText(match) || '(everything)'}`);
    }
  }
}

function destinationLine(lines: Lines, to: DestinationSection, at: string, about: About): void {
  const elsewhere = about.of === 'pod' && !to.reaches ? ', which does not reach this pod' : '';
  const text = `${at}Route to ${hostText(to, about)} with weight ${percent(to.percent)}${elsewhere}${failureText(to)}`;
  if (to.failure) lines.warn(text, lines.from(to.source));
  else lines.add(text, { place: lines.from(to.source) });
}

function hostText(to: DestinationSection, about: About): string {
  return `host ${JSON.stringify(hostName(to, about))}${to.subset === '' ? '' : ` subset ${JSON.stringify(to.subset)}`}`;
}

function hostName({ host, cluster }: DestinationSection, { namespace }: About): string {
  return host === '' ? cluster : shortHost(host, namespace);
}

function failureText({ failure, subset }: DestinationSection): string {
  switch (failure) {
    case undefined:
      return '';
    case 'unknown-host':
      return ': ERROR no service has this name';
    case 'unknown-port':
      return ': ERROR it has no such port';
    case 'unknown-subset':
      return `: ERROR no DestinationRule has subset ${subset}`;
    case 'no-endpoints':
      return ': ERROR no endpoints';
    case 'no-usable-endpoints':
      return ': ERROR no healthy endpoints';
  }
}

/** `/pay* when headers are x-canary=yes; method=GET`; empty: everything. */
export function matchText({ path, headers, query, claims = [] }: RouteMatch): string {
  const parts: string[] = [];
  if (path) parts.push(path.kind === 'segments' ? `${path.value} and below` : `${valueText(path)}${'ignoreCase' in path && path.ignoreCase ? ' uncased' : ''}`);
  if (headers.length > 0) parts.push(`when headers are ${headers.map(headerText).join('; ')}`);
  if (query.length > 0) parts.push(`when query parameters are ${query.map(({ name, matcher }) => `${name}=${valueText(matcher)}`).join('; ')}`);
  if (claims.length > 0)
    parts.push(
      `when claims are ${claims.map(({ path: own, matcher, inverted }) => `${own.join('.')}${inverted ? '!' : ''}=${valueText(matcher)}`).join('; ')}`,
    );
  return parts.join(' ');
}

function headerText({ name, matcher, inverted }: HeaderMatcher): string {
  return `${name.replace(/^:/, '')}${inverted ? '!' : ''}=${valueText(matcher)}`;
}

function valueText(matcher: StringMatcher): string {
  return matcher.kind === 'present' ? '*' : matcher.kind === 'prefix' ? `${matcher.value}*` : matcher.value;
}

export function tcpLines(lines: Lines, tcp: TcpSection, about: About): void {
  if (tcp.origin) {
    lines.add(`${tcp.origin.kind.replace(/^.*\//, '')}: ${lines.name(tcp.origin)}`, { place: lines.place(tcp.origin) });
    lines.add('   1 TCP route(s)');
  }
  for (const to of tcp.destinations) destinationLine(lines, to, '   ', about);
}
