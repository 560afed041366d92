// The access log of the proxy: one JSON object a line, read as it grows.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';

/** Fields of a line, each with the operator that fills it. */
export function logFormat(testHeader: string): Record<string, string> {
  return {
    id: `%REQ(${testHeader.toUpperCase()})%`,
    remote: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%',
    flags: '%RESPONSE_FLAGS%',
    code: '%RESPONSE_CODE%',
    details: '%RESPONSE_CODE_DETAILS%',
    cluster: '%UPSTREAM_CLUSTER_RAW%',
    route: '%ROUTE_NAME%',
    attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
    failure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
    termination: '%CONNECTION_TERMINATION_DETAILS%',
    sni: '%REQUESTED_SERVER_NAME%',
    chain: '%FILTER_CHAIN_NAME%',
  };
}

/** A line of the log; what was not there is null. */
export interface LogLine {
  id: string | null;
  /** address:port of the client */
  remote: string | null;
  flags: string;
  code: number;
  details: string | null;
  cluster: string | null;
  route: string | null;
  attempts: number;
  failure: string | null;
  termination: string | null;
  sni: string | null;
  chain: string | null;
}

function text(value: unknown): string | null {
  return value === undefined || value === null || value === '' || value === '-' ? null : String(value);
}

function lineOf(json: string): LogLine {
  const raw = JSON.parse(json) as Record<string, unknown>;
  const [id, remote, details, cluster, route, failure, termination, sni, chain] = (
    ['id', 'remote', 'details', 'cluster', 'route', 'failure', 'termination', 'sni', 'chain'] as const
  ).map((key) => text(raw[key])) as [null, null, null, null, null, null, null, null, null];
  return {
    id,
    remote,
    flags: text(raw.flags) ?? '-',
    code: Number(raw.code) || 0,
    details,
    cluster,
    route,
    attempts: Number(raw.attempts) || 0,
    failure,
    termination,
    sni,
    chain,
  };
}

const pollMs = 4;

/** Follows a log file. */
export class AccessLog {
  readonly file: string;
  private descriptor: number | undefined;
  private rest = '';
  private byId = new Map<string, LogLine>();
  private byRemote = new Map<string, LogLine[]>();

  constructor(file: string) {
    this.file = file;
  }

  /** The line of the request with this value of the test header, if it comes within `ms`. */
  async ofRequest(id: string, ms: number): Promise<LogLine | undefined> {
    await this.until(() => this.byId.has(id), ms);
    return this.byId.get(id);
  }

  /** Lines of a client's connection that belong to no request, as soon as there are so many, or after `ms`. */
  async ofConnection(remote: string, count: number, ms: number): Promise<LogLine[]> {
    await this.until(() => (this.byRemote.get(remote)?.length ?? 0) >= count, ms);
    return this.byRemote.get(remote) ?? [];
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }

  private async until(there: () => boolean, ms: number): Promise<void> {
    const end = performance.now() + ms;
    for (;;) {
      this.poll();
      if (there() || performance.now() >= end) return;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  private poll(): void {
    if (this.descriptor === undefined) {
      if (!existsSync(this.file)) return;
      this.descriptor = openSync(this.file, 'r');
    }
    const buffer = Buffer.allocUnsafe(65_536);
    for (;;) {
      const count = readSync(this.descriptor, buffer, 0, buffer.length, null);
      if (count === 0) return;
      const lines = (this.rest + buffer.toString('utf8', 0, count)).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.add(line);
    }
  }

  private add(json: string): void {
    let line: LogLine;
    try {
      line = lineOf(json);
    } catch {
      return;
    }
    if (line.id !== null) this.byId.set(line.id, line);
    else if (line.remote !== null) this.byRemote.set(line.remote, [...(this.byRemote.get(line.remote) ?? []), line]);
  }
}
