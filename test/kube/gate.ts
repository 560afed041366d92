// A way to a test cluster that sees every request, and at which something happens at a chosen write.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { TestCluster } from './cluster.ts';

export interface GateWrite {
  method: string;
  /** Without the query. */
  path: string;
}

export interface Incident {
  /** The n-th write from now, from 1. */
  write: number;
  /** `before`: the API server has not seen the write. `after`: it has done it, and the client does not know yet. */
  when: 'before' | 'after';
  /** What happens. Then the write goes on; or its connection is cut, and a write that the server has not seen is lost. */
  act(): Promise<'go on' | 'cut'>;
}

export interface Gate {
  /** That of the cluster, but through the gate. */
  readonly kubeconfig: string;
  /** What was to be written, in order; what only asks (dry runs, reviews of access) is none. */
  readonly writes: readonly GateWrite[];
  /** All requests. */
  readonly requests: number;
  /** Forgets what was written, and any incident. */
  reset(): void;
  /** Once. */
  arrange(incident: Incident): void;
  close(): Promise<void>;
}

export async function openGate(cluster: TestCluster): Promise<Gate> {
  const read = (name: string): Buffer => readFileSync(join(cluster.dir, name));
  const upstream = new URL(cluster.server);
  const agent = new Agent({ keepAlive: true, ca: read('ca.crt') });
  const admin = { cert: read('admin.crt'), key: read('admin.key') };
  const writes: GateWrite[] = [];
  let requests = 0;
  let incident: Incident | undefined;
  let counted = 0;

  const forward = async (from: IncomingMessage, to: ServerResponse): Promise<void> => {
    requests++;
    const due = isWrite(from) ? noteWrite(from) : undefined;
    if (due?.when === 'before' && (await due.act()) === 'cut') {
      to.destroy();
      return;
    }
    const { host: _, ...headers } = from.headers;
    const { hostname, port } = upstream;
    // Users are told apart by their tokens; whoever has none is the admin, whose certificate ends here.
    const identity = headers.authorization === undefined ? admin : {};
    const sent = request({ agent, hostname, port, method: from.method, path: from.url, headers, ...identity });
    sent.on('error', () => to.destroy());
    sent.on('response', async (answer) => {
      if (due?.when === 'after' && (await due.act()) === 'cut') {
        to.destroy();
        sent.destroy();
        return;
      }
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      to.flushHeaders();
      answer.pipe(to);
      answer.on('error', () => to.destroy());
      answer.on('aborted', () => to.destroy());
    });
    to.on('close', () => sent.destroy());
    from.pipe(sent);
  };

  const noteWrite = ({ method = '', url = '' }: IncomingMessage): Incident | undefined => {
    writes.push({ method, path: url.replace(/\?.*/, '') });
    if (!incident || ++counted !== incident.write) return undefined;
    const due = incident;
    incident = undefined;
    return due;
  };

  const server = createServer({ cert: read('apiserver.crt'), key: read('apiserver.key') }, (from, to) => {
    forward(from, to).catch(() => to.destroy());
  });
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(cluster.dir, `kubeconfig-gate-${port}`);
  writeFileSync(kubeconfig, readFileSync(cluster.kubeconfig, 'utf8').replaceAll(cluster.server, `https://127.0.0.1:${port}`), { mode: 0o600 });
  return {
    kubeconfig,
    writes,
    get requests() {
      return requests;
    },
    reset() {
      writes.length = 0;
      requests = 0;
      incident = undefined;
    },
    arrange(next) {
      incident = next;
      counted = 0;
    },
    async close() {
      agent.destroy();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Reviews and dry runs are sent like writes, and change nothing. */
function isWrite({ method = '', url = '' }: IncomingMessage): boolean {
  return (
    !['GET', 'HEAD', 'OPTIONS'].includes(method) &&
    !/[?&]dryRun=All\b/.test(url) &&
    !/\/(selfsubject(access|rules)reviews|subjectaccessreviews|tokenreviews)\b/.test(url)
  );
}
