import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One endpoint of the payment service: a real server on a free port of this machine. */
export class Application {
  readonly name: string;
  readonly version: string;
  /** Requests that came, and those of them that were answered with 500. */
  requests = 0;
  failures = 0;
  /** Fails the requests for whose number, from 0, this is true. */
  fails: (request: number) => boolean = never;
  private readonly server: Server;

  constructor(version: string, number: number) {
    this.name = `${version}-${number}`;
    this.version = version;
    this.server = createServer((request, response) => {
      request.resume();
      const failed = this.fails(this.requests++);
      if (failed) this.failures++;
      response.writeHead(failed ? 500 : 200, { 'content-type': 'application/json', 'x-endpoint': this.name });
      response.end(`${JSON.stringify(failed ? { error: 'out of order' } : { paid: true, by: this.name })}\n`);
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
  }

  /** Counts from zero again, and answers everything. */
  reset(): void {
    this.requests = 0;
    this.failures = 0;
    this.fails = never;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const never = (): boolean => false;

/** As many as the deployments of fixtures/payment have replicas. */
export async function startApplications(): Promise<Application[]> {
  const all = [1, 2, 3].map((n) => new Application('v1', n)).concat([1, 2].map((n) => new Application('v2', n)));
  await Promise.all(all.map((application) => application.listen()));
  return all;
}
