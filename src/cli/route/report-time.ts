// The section about timeouts and retries.

import type { SimulatedRetry } from '../../simulate/simulation.ts';
import { timeline } from '../../simulate/timeline.ts';
import { counted } from '../counted.ts';
import type { ReportPage } from './report-page.ts';
import { timelineLines, totalText } from './timeline-text.ts';
import { ms } from './words.ts';

const inside = 4;

export function timeSection(page: ReportPage): void {
  const { forwarding } = page.simulation;
  const worst = timeline(page.simulation);
  if (!forwarding || !worst) return;
  const { timeoutMs, perTryTimeoutMs, retry } = forwarding;
  page.section('How long it can take');
  page.row(totalText(worst), { paint: page.style.strong });
  page.row(timeoutMs.value === 0 ? 'no timeout' : `timeout ${ms(timeoutMs.value)} for all tries together`, { place: page.place(timeoutMs.source) });
  if (retry) {
    retryLines(page, retry);
    if (perTryTimeoutMs.value > 0) perTryLines(page, retry, perTryTimeoutMs.value, page.place(perTryTimeoutMs.source));
    warnings(page, retry);
  } else page.row('nothing is tried again');
  if (worst.steps.length === 1 && worst.totalMs === undefined) return;
  page.raw(['']);
  page.raw(timelineLines(worst, page.room(), page.style));
}

function retryLines(page: ReportPage, { attempts, on, statusCodes, backoff, otherHosts }: SimulatedRetry): void {
  page.row(`${counted(attempts.value, 'retry', 'retries')}${otherHosts.value ? ', at another endpoint if there is one' : ''}`, {
    place: page.place(attempts.source),
  });
  const codes = statusCodes.value.join(', ');
  const conditions = on.value.map((name) => (name === 'retriable-status-codes' && codes !== '' ? `${name} (${codes})` : name));
  page.row(`on ${conditions.join(', ')}`, { indent: inside, place: page.place(on.source) });
  page.row(`after a pause of up to ${ms(backoff.value.baseMs)}, doubled up to ${ms(backoff.value.maxMs)}`, {
    indent: inside,
    place: page.place(backoff.source),
  });
}

function perTryLines(page: ReportPage, { onPerTryTimeout }: SimulatedRetry, perTryMs: number, place: string): void {
  page.row(`each try ${ms(perTryMs)}`, { indent: inside, place });
  if (onPerTryTimeout) return;
  page.row('a try that is too slow is not followed by another: none of the conditions is for that', { indent: inside, paint: page.style.warning });
}

function warnings(page: ReportPage, { never, idempotent, onAnswer, onReset, onPerTryTimeout }: SimulatedRetry): void {
  const { request } = page.simulation;
  const warning = { indent: inside, paint: page.style.warning };
  if (never === 'upgrade') page.row('but an upgrade is never tried again', warning);
  else if (never === 'body-too-big') page.row('but a body of more than 1 MiB is not kept to be sent again', warning);
  else if ((onAnswer || onReset || onPerTryTimeout) && !idempotent && request.kind === 'http')
    page.row(`the service may act on this ${request.method} more than once: it is tried again after the service had it`, warning);
}
