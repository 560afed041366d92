import { request } from 'node:http';
import { usageError } from '../exit.ts';

/** @throws CliError (usage) */
export function sidecarUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:') throw usageError(`--url takes an address such as http://127.0.0.1:15021/healthz/ready, not "${text}"`);
  return url;
}

/**
 * One request to the sidecar beside this process.
 *
 * @throws Error that says why there is no answer
 */
export function askSidecar(method: 'GET' | 'POST', url: URL, timeoutMs: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent: false, timeout: timeoutMs }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: body.trim() })).on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    sent.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ECONNREFUSED' ? new Error(`nobody listens on ${url.host}`) : error)).end();
  });
}
