// Sections about where a request goes.
import type { DestinationFailure, UpstreamFacts } from '../../simulate/simulation.ts';
import { statusText } from './headline.ts';
import type { ReportPage } from './report-page.ts';
import { endpointLines, limitLines, type Said } from './upstream-lines.ts';
import { failureText, hashText, ms, percent, serviceText } from './words.ts';

const detail = 6;

export function faultSection(page: ReportPage): void {
  const { fault } = page.simulation;
  if (!fault) return;
  const { delay, abort } = fault;
  page.section('Fault that is injected');
  if (delay) page.row(`${percent(delay.value.percent)} of the requests wait for ${ms(delay.value.durationMs)}`, { place: page.place(delay.source) });
  if (abort)
    page.row(`${percent(abort.value.percent)} get ${statusText(abort.reply)} ${abort.reply.flags} and go nowhere`, { place: page.place(abort.source) });
}

export function destinationsSection(page: ReportPage): void {
  const { destinations, outcome, forwarding, entry } = page.simulation;
  const { style, places } = page;
  if (destinations.length === 0) return;
  page.section(outcome.kind === 'fault' || outcome.kind === 'preflight' || outcome.kind === 'denied' ? 'Where it would go' : 'Destinations');
  for (const destination of destinations) {
    const paint = destination.percent > 0 ? style.strong : style.dim;
    page.row(`${percent(destination.percent)} ${page.nameOf(destination)}`, { ...page.written(destination.source), paint });
    failureLine(page, destination.failure);
    if (destination.upstream) for (const said of endpointLines(destination.upstream, places, entry.chain?.kind === 'http')) page.say(said, detail);
  }
  if (!forwarding) return;
  const hashes = new Map(forwarding.hash.map(({ value, source }) => [hashText(value), page.place(source)]));
  for (const [text, place] of hashes) page.row(`the endpoint is chosen by ${text}`, { place });
  if (hashes.size > 0 && !forwarding.hashed) page.row('this request has nothing of that: any endpoint will do', { paint: style.warning });
}

function failureLine(page: ReportPage, failure: DestinationFailure | undefined): void {
  if (!failure) return;
  const { reply } = failure;
  page.row(`${failureText(failure)}${reply ? `: ${statusText(reply)} ${reply.flags} (${reply.details})` : ''}`, { indent: detail, paint: page.style.error });
}

export function mirrorsSection(page: ReportPage): void {
  const { mirrors } = page.simulation;
  const { style, places } = page;
  if (mirrors.length === 0) return;
  page.section('Copies, whose answers nobody waits for');
  for (const mirror of mirrors) {
    page.row(`${percent(mirror.percent)} ${page.nameOf(mirror)}`, { place: page.place(mirror.source), paint: style.strong });
    if (mirror.failure) page.row(`${failureText(mirror.failure)}: no copy is made`, { indent: detail, paint: style.error });
    if (mirror.upstream) for (const said of endpointLines(mirror.upstream, places, true)) page.say(said, detail);
  }
}

/** Breakers and ejections, once where several destinations have the same. */
export function limitsSection(page: ReportPage): void {
  const { destinations, mirrors, proxy } = page.simulation;
  const groups = new Map<string, { names: Set<string>; lines: Said[] }>();
  const add = (name: string, upstream: UpstreamFacts | undefined): void => {
    if (!upstream || upstream.discovery === 'original-destination') return;
    const lines = limitLines(upstream, page.places);
    const key = JSON.stringify(lines);
    const group = groups.get(key) ?? { names: new Set(), lines };
    groups.set(key, group);
    group.names.add(name);
  };
  for (const { upstream, ...one } of [...destinations, ...mirrors]) add(serviceText(one, proxy.namespace), upstream);
  for (const { names, lines } of groups.values()) {
    page.section(`Limits of ${[...names].join(' and of ')}${names.size > 1 ? ', each for itself' : ''}`);
    for (const line of lines) page.say(line);
  }
}
