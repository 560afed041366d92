import { request } from 'node:http';
import type { Address } from '../../envoy/bootstrap.ts';

/** An administration answers at once. */
const answerMs = 5_000;

/** Asks the administration of a running proxy: an Envoy, or the embedded sidecar, which has the same pages. */
export class AdminClient {
  private readonly at: { socketPath: string } | { host: string; port: number };

  constructor(address: Address) {
    this.at = 'path' in address ? { socketPath: address.path } : { host: address.address, port: address.port };
  }

  /** It serves: everything that it was started with is in force. */
  async ready(): Promise<boolean> {
    try {
      return (await this.send('GET', '/ready')).status === 200;
    } catch {
      return false;
    }
  }

  /**
   * The answer to a command.
   *
   * @throws Error where nobody answers, or with another status than 200
   */
  async post(path: string): Promise<string> {
    const { status, body } = await this.send('POST', path);
    if (status !== 200) throw new Error(`${path}: status ${status}: ${body.trim()}`);
    return body;
  }

  /**
   * A page.
   *
   * @throws Error where nobody answers, or with another status than 200
   */
  async page(path: string): Promise<string> {
    const { status, body } = await this.send('GET', path);
    if (status !== 200) throw new Error(`${path}: status ${status}: ${body.trim()}`);
    return body;
  }

  /**
   * Counters and gauges whose names match.
   *
   * @throws Error where nobody answers
   */
  async stats(filter: RegExp): Promise<Map<string, number>> {
    const { body } = await this.send('GET', `/stats?filter=${encodeURIComponent(filter.source)}`);
    const lines = body.split('\n').map((line) => /^(.*): (\d+)$/.exec(line));
    return new Map(lines.flatMap((match) => (match ? [[match[1] as string, Number(match[2])] as const] : [])));
  }

  private send(method: string, path: string): Promise<{ status: number | undefined; body: string }> {
    return new Promise((resolve, reject) => {
      const sent = request({ ...this.at, method, path, agent: false, timeout: answerMs }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ status: response.statusCode, body })).on('error', reject);
      });
      sent.on('timeout', () => sent.destroy(new Error('the administration of the proxy does not answer')));
      sent.on('error', reject).end();
    });
  }
}
