import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  status: number;
  /** The endpoint that answered; empty where the proxy did. */
  endpoint: string;
}

/** A client of the payment service, which knows nothing but its name. */
export class Client {
  private readonly port: number;
  private readonly agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.port = port;
  }

  get(path: string): Promise<Answer> {
    const options = { host: '127.0.0.1', port: this.port, path, headers: { host: 'payment-service' }, agent: this.agent, timeout: 10_000 };
    return new Promise((resolve, reject) => {
      const sent = request(options, (response) => {
        response.resume();
        response.on('end', () => resolve({ status: response.statusCode ?? 0, endpoint: String(response.headers['x-endpoint'] ?? '') }));
        response.on('error', reject);
      });
      sent.on('timeout', () => sent.destroy(new Error('the proxy does not answer')));
      sent.on('error', reject);
      sent.end();
    });
  }

  /**
   * One request after the other.
   *
   * @param lastingMs how long all of them take at least: somebody may want to watch
   * @param seen called after each
   */
  async send(count: number, lastingMs: number, seen: (answers: readonly Answer[]) => void): Promise<Answer[]> {
    const answers: Answer[] = [];
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      answers.push(await this.get('/pay'));
      seen(answers);
      const early = start + (lastingMs * (i + 1)) / count - performance.now();
      if (early > 1) await sleep(early);
    }
    return answers;
  }

  close(): void {
    this.agent.destroy();
  }
}
