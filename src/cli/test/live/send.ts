import { Agent, request as httpRequest } from 'node:http';
import type { SimulatedHttpRequest } from '../../../simulate/request.ts';
import { requestIdHeader } from './backends.ts';

/** What a client got. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
}

/** No answer takes longer: nobody waits for delays here. */
const answerMs = 10_000;

/** The Host header: it tells the port, too, where the listener does not. */
export function hostHeader({ authority = '', port }: SimulatedHttpRequest, ownListener: boolean): string {
  return ownListener || port === undefined || /:\d+$/.test(authority) ? authority : `${authority}:${port}`;
}

export class Client {
  private readonly agent: Agent;

  constructor(concurrency: number) {
    this.agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  }

  /**
   * @param host Host header
   * @param id of the request, as `Backends` knows it
   * @throws Error where there is no answer
   */
  send({ method, path, headers = [] }: SimulatedHttpRequest, host: string, port: number, id: string): Promise<Answer> {
    const flat = ['host', host, ...headers.flat(), requestIdHeader, id];
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        { agent: this.agent, host: '127.0.0.1', port, method, path, headers: flat, signal: AbortSignal.timeout(answerMs) },
        (response) => {
          response.resume();
          response.on('error', reject);
          response.on('end', () => {
            const pairs = Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]);
            resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(pairs) as Record<string, string> });
          });
        },
      );
      request.on('error', reject);
      request.end();
    });
  }

  close(): void {
    this.agent.destroy();
  }
}
