import type { HTTPDirectResponse, HTTPRedirect } from '../../../manifest/istio/networking.gen.ts';
import type { Path } from '../../../manifest/problem.ts';
import { checkPort } from '../primitives.ts';
import type { ProblemSink } from '../validator.ts';

const kilobyte = 1024;

/** The reference takes 600, too. */
export function checkStatus(sink: ProblemSink, path: Path, status: number | undefined): void {
  const number = status ?? 0;
  if (number < 200 || number > 600) sink.error(path, `HTTP status ${number} is out of range; it goes from 200 to 599`);
}

/** A redirect changes something of the URL. As in the reference, the first thing wrong is the only one reported. */
export function checkRedirect(sink: ProblemSink, path: Path, redirect: HTTPRedirect | undefined): void {
  if (!redirect) return;
  const { uri = '', authority = '', scheme = '', port, derivePort, redirectCode = 0 } = redirect;
  if (uri === '' && authority === '' && scheme === '' && port === undefined && derivePort === undefined) {
    sink.error(path, 'the redirect leads back to the same URL: it needs a uri, authority, scheme or port');
  } else if (redirectCode !== 0 && (redirectCode < 300 || redirectCode > 399)) {
    sink.error([...path, 'redirectCode'], `${redirectCode} is not a status of redirects, which are 300 to 399`);
  } else if (!['', 'http', 'https'].includes(scheme)) {
    sink.error([...path, 'scheme'], `redirect scheme ${JSON.stringify(scheme)} is neither "http" nor "https"`, { same: 'redirect scheme' });
  } else if (port) checkPort(sink, [...path, 'port'], port);
}

export function checkDirectResponse(sink: ProblemSink, path: Path, response: HTTPDirectResponse | undefined): void {
  if (!response) return;
  const size = bodySize(response);
  const help = 'serve large bodies from a workload: every proxy holds this one in memory, and the control plane sends it to each';
  if (size > kilobyte * kilobyte) sink.error([...path, 'body'], 'the body of the direct response is larger than 1MB', { help });
  else if (size > 100 * kilobyte) sink.warning([...path, 'body'], 'the body of the direct response is larger than 100KB', { help });
  checkStatus(sink, [...path, 'status'], response.status);
}

/** Bytes of the body; `bytes` is base64. */
function bodySize({ body }: HTTPDirectResponse): number {
  if (body?.string !== undefined) return new TextEncoder().encode(body.string).length;
  return Math.floor(((body?.bytes ?? '').replace(/=+$/, '').length * 3) / 4);
}
