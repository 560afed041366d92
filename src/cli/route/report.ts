// What becomes of a request, for a person at a terminal.

import type { Reply, Simulation } from '../../simulate/simulation.ts';
import { counted } from '../counted.ts';
import { matchText } from '../proxy/route-text.ts';
import { arrivalsText, headline, statusText } from './headline.ts';
import { accessSection } from './report-access.ts';
import { destinationsSection, faultSection, limitsSection, mirrorsSection } from './report-destinations.ts';
import { responseHeadSection, upstreamHeadSection } from './report-heads.ts';
import { type ReportOptions, ReportPage } from './report-page.ts';
import { timeSection } from './report-time.ts';
import { failedText } from './words.ts';

export function explainText(simulation: Simulation, options: ReportOptions): string {
  const page = new ReportPage(simulation, options);
  const { style } = page;
  const { arrivals } = options;
  page.title(
    `${headline(simulation)}${arrivalsText(arrivals)}`,
    isWell(simulation) && arrivals.every(({ verdict }) => verdict === 'allowed') ? style.strong : style.warning,
  );
  for (const note of options.notes) page.row(note, { paint: style.warning });
  entrySection(page);
  trailSection(page);
  answerSection(page);
  faultSection(page);
  accessSection(page, simulation.admission, arrivals, simulation.proxy.namespace);
  destinationsSection(page);
  mirrorsSection(page);
  upstreamHeadSection(page);
  responseHeadSection(page);
  timeSection(page);
  limitsSection(page);
  caveatsSection(page);
  return page.text();
}

function isWell({ outcome, destinations }: Simulation): boolean {
  if (outcome.kind === 'routed' || outcome.kind === 'tcp') return !destinations.some(({ failure, percent }) => failure && percent > 0);
  return ['redirect', 'tls-redirect', 'direct-response', 'preflight', 'passthrough', 'http-expected'].includes(outcome.kind);
}

/** Who asks, and how the connection comes in. */
function entrySection(page: ReportPage): void {
  const { proxy, entry, request } = page.simulation;
  const { listener, chain, routes } = entry;
  const who = proxy.name === '' ? `a ${proxy.role} of namespace ${proxy.namespace}` : `the ${proxy.role} ${proxy.namespace}/${proxy.name}`;
  page.section('Way in');
  page.row(`from ${who}`);
  const port = `port ${entry.port}${entry.portFrom === 'host' && request.kind === 'http' ? `: nobody has ${request.authority} on port 80` : ''}`;
  if (!listener) {
    page.row(`${port}: nothing listens`);
    return;
  }
  const ends = chain?.tls ? `, TLS ends here (${chain.tls})` : '';
  // That of a whole port is for all of its services.
  const own = listener.origin && (proxy.role === 'gateway' || !listener.name.startsWith('0.0.0.0_')) ? { place: page.places.of(listener.origin) } : {};
  page.row(`listener ${listener.name}, ${port}${ends}`, own);
  if (chain && routes !== undefined) page.row(`routes ${routes}`, { paint: page.style.dim });
}

/** Rules before the chosen one that are shown one by one. */
const mostRules = 12;
const rule = 4;

function trailSection(page: ReportPage): void {
  const { trail, outcome } = page.simulation;
  const { places, style } = page;
  if (!trail) return;
  page.section('Rule');
  const { virtualHost, routes, chosen } = trail;
  if (!virtualHost) {
    page.row(`no virtual host is for ${trail.host}`);
    return;
  }
  const by = virtualHost.form === 'any' ? 'which takes every host' : `by its domain ${virtualHost.domain}`;
  page.row(`virtual host ${virtualHost.name}, ${by}`, virtualHost.origin ? { place: places.of(virtualHost.origin) } : {});
  // No rule is asked.
  if (outcome.kind === 'tls-redirect') return;
  const hidden = Math.max(0, routes.length - mostRules);
  if (hidden > 0) page.row(`${counted(hidden, 'rule')} before these do not match either (-o json has all)`, { indent: rule, paint: style.dim });
  for (const { index, name, match, origin, failed } of routes.slice(hidden)) {
    const label = `${index + 1}${name === '' ? '' : ` ${name}`}`;
    const text = failed ? `✘ ${label}: ${failedText(failed)}` : `✔ ${label}: ${matchText(match)}`;
    page.row(text, { indent: rule, paint: failed ? style.dim : style.good, ...(origin ? { place: places.of(origin) } : {}) });
  }
  const after = chosen < 0 ? 0 : virtualHost.routes - (chosen + 1);
  if (after > 0) page.row(`${counted(after, 'rule')} after it ${after === 1 ? 'is' : 'are'} not looked at`, { indent: rule, paint: style.dim });
  if (chosen < 0) page.row(virtualHost.routes === 0 ? 'it has no rules' : 'no rule matches', { indent: rule, paint: style.warning });
}

/** Headers of every answer. */
const usualHeaders: ReadonlySet<string> = new Set(['server', 'content-length', 'content-type']);

/** What the proxy says itself. */
function answerSection(page: ReportPage): void {
  const { outcome } = page.simulation;
  const reply: Reply | undefined = 'reply' in outcome ? outcome.reply : undefined;
  if (!reply) return;
  page.section('Answer of the proxy');
  const flags = reply.flags === '-' ? '' : ` ${reply.flags}`;
  page.row(`${statusText(reply)}${flags} (${reply.details})`, 'source' in outcome ? page.written(outcome.source) : {});
  for (const [name, value] of reply.headers) if (!usualHeaders.has(name)) page.row(`${name}: ${value}`, { indent: rule });
  if (reply.body !== '') page.row(`body: ${reply.body}`, { indent: rule });
}

function caveatsSection(page: ReportPage): void {
  const { envoyFilters, problems } = page.simulation;
  const { places, style } = page;
  if (envoyFilters.length > 0) {
    page.section('Not simulated');
    for (const { origin, operation, applyTo } of envoyFilters)
      page.row(`${places.objectOf(origin)} may change this: ${operation} of ${applyTo}`, { place: places.of(origin), paint: style.warning });
  }
  if (problems.length === 0) return;
  page.section('Problems of the objects that take part');
  for (const { origin, message } of problems) page.row(`${places.objectOf(origin)}: ${message}`, { place: places.of(origin), paint: style.warning });
}
