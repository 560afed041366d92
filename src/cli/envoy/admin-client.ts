import { type RequestOptions, request } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Address } from '../../envoy/bootstrap.ts';

/** An administration on this machine answers at once. */
const answerMs = 5_000;

/** An administration that is reached by a way of its own. */
export interface AdminWay {
  /** A new connection to it. */
  open(): Promise<Duplex>;
  /** It is waited for as long as something comes within this time. */
  silenceMs: number;
}

/** Asks the administration of a running proxy: an Envoy, or the embedded sidecar, which has the same pages. */
export class AdminClient {
  private readonly way: AdminWay | undefined;
  private readonly at: RequestOptions;

  constructor(place: Address | AdminWay) {
    this.way = 'open' in place ? place : undefined;
    if ('open' in place) this.at = { headers: { host: 'localhost' } };
    else this.at = 'path' in place ? { socketPath: place.path, agent: false } : { host: place.address, port: place.port, agent: false };
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
   * @param mostBytes of a page that is worth its memory; default: any
   * @throws Error where nobody answers, with another status than 200, and for a page that is longer
   */
  async page(path: string, mostBytes?: number): Promise<string> {
    const { status, body } = await this.send('GET', path, mostBytes);
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

  private async send(method: string, path: string, mostBytes = Number.POSITIVE_INFINITY): Promise<{ status: number | undefined; body: string }> {
    const connection = await this.way?.open();
    return new Promise((resolve, reject) => {
      const sent = request({ ...this.at, method, path, ...(connection ? { createConnection: () => connection } : {}) }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          timer.refresh();
          body += text;
          if (body.length > mostBytes) sent.destroy(new Error(`${path}: longer than ${Math.round(mostBytes / 1048576)} MiB`));
        });
        response.on('end', () => settle(() => resolve({ status: response.statusCode, body }))).on('error', (error) => settle(() => reject(error)));
      });
      const timer = setTimeout(() => sent.destroy(new Error('the administration of the proxy does not answer')), this.way?.silenceMs ?? answerMs);
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        connection?.destroy();
        then();
      };
      sent.on('error', (error) => settle(() => reject(error))).end();
    });
  }
}
