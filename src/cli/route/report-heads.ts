// Sections about what destination and client see of each other.
import type { HeaderChange } from '../../simulate/simulation.ts';
import type { ReportPage } from './report-page.ts';
import type { Said } from './upstream-lines.ts';
import { rewriteText } from './words.ts';

/** What the destination gets that is not as it was sent. */
export function upstreamHeadSection(page: ReportPage): void {
  const { destinations, request, forwarding } = page.simulation;
  const seeing = destinations.flatMap((one) => (one.sees ? [{ ...one, sees: one.sees }] : []));
  const [first] = seeing;
  if (!first || request.kind !== 'http') return;
  const { sees } = first;
  const lines: Said[] = [];
  if (forwarding?.pathRewrite) {
    const { value, source } = forwarding.pathRewrite;
    lines.push({ text: `path ${sees.path}, since ${rewriteText(value)}`, place: page.place(source) });
  }
  const several = new Set(seeing.map((one) => one.sees.authority)).size > 1;
  for (const one of several ? seeing : [first]) {
    if (one.sees.authority !== request.authority) lines.push({ text: `Host ${one.sees.authority}${several ? ` at ${page.nameOf(one)}` : ''}` });
  }
  for (const one of seeing) {
    const at = seeing.length > 1 ? ` at ${page.nameOf(one)}` : '';
    for (const change of one.sees.changes) if (change.level === 'destination') lines.push(changeLine(page, change, at));
  }
  for (const change of sees.changes) if (change.level === 'route') lines.push(changeLine(page, change));
  const own = proxyHeaders(sees.headers, request.headers, sees.changes);
  if (lines.length + own.length === 0) return;
  page.section('What the destination sees');
  for (const line of lines) page.say(line);
  if (own.length > 0) page.row(`the proxy adds ${own.join(', ')}`, { paint: page.style.dim });
}

export function responseHeadSection(page: ReportPage): void {
  const { responseHeaders, destinations, cors, forwarding } = page.simulation;
  const lines: Said[] = destinations.flatMap((one) =>
    one.responseHeaders.map((change) => changeLine(page, change, destinations.length > 1 ? ` from ${page.nameOf(one)}` : '')),
  );
  for (const change of responseHeaders) lines.push(changeLine(page, change));
  for (const cookie of forwarding?.cookies ?? []) lines.push({ text: `set-cookie: ${cookie}` });
  if (cors) {
    const who = cors.origin === undefined ? 'the request has no origin' : `origin ${cors.origin} is ${cors.allowed ? '' : 'not '}allowed`;
    lines.push({ text: `CORS: ${who}`, place: page.place(cors.policy.source) });
  }
  if (lines.length === 0) return;
  page.section('What the client sees');
  for (const line of lines) page.say(line);
}

function changeLine(page: ReportPage, { op, name, value, format, source }: HeaderChange, at = ''): Said {
  const text = op === 'remove' ? `removes header ${name}${at}` : `${op === 'set' ? 'sets' : 'adds'} ${name}: ${value ?? format}${at}`;
  return { text, place: page.place(source) };
}

/** Names of headers that neither the client nor a rule has set. */
function proxyHeaders(headers: readonly [string, string][], sent: readonly [string, string][], changes: readonly HeaderChange[]): string[] {
  const known = new Set([...sent.map(([name]) => name), ...changes.map(({ name }) => name)]);
  return [...new Set(headers.map(([name]) => name).filter((name) => !known.has(name)))];
}
