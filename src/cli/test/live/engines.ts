// Proxies that are started to try requests out.

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { RoutingTable } from '../../../ir/table.ts';
import { SingleThread } from '../../../proxy/workers/single-thread.ts';
import type { EnvoyProgram } from '../../envoy/find.ts';
import { CliError } from '../../exit.ts';

export interface LiveProxy {
  close(): Promise<void>;
}

/** Starts a proxy with a table. @param outboundPort of all that a sidecar's application sends; 0 for gateways */
export type StartProxy = (table: RoutingTable, outboundPort: number) => Promise<LiveProxy>;

const settings = { bind: '127.0.0.1', inboundPort: 0, capture: false } as const;

/** weft's own, in this process. */
export const startEmbedded: StartProxy = async (table, outboundPort) => {
  const plane = new SingleThread({ ...settings, outboundPort, drainMs: 0, logFlushMs: 1000 }, { write: () => {}, warn: () => {} });
  await plane.apply(table);
  return {
    close: async () => {
      await plane.drain();
      await plane.close();
    },
  };
};

export function startEnvoy(program: EnvoyProgram): StartProxy {
  return async (table, outboundPort) => {
    const { EnvoyEngine } = await import('../../envoy/engine.ts');
    const { RunFolder } = await import('../../envoy/run-folder.ts');
    const folder = new RunFolder();
    const engine = new EnvoyEngine(
      program,
      { adminPort: 0, concurrency: 1, drainMs: 0, logLevel: 'critical', logFormat: 'text', local: { ...settings, outboundPort } },
      folder,
    );
    const end = async (): Promise<void> => {
      engine.process.kill();
      folder.delete();
    };
    // Whatever happens to weft, its Envoy does not stay.
    const onExit = (): void => void end();
    process.once('exit', onExit);
    try {
      const ending = await engine.start(await engine.configure(table));
      if (ending) throw new Error(`Envoy ended by itself, with ${ending.signal ?? `exit code ${ending.code}`}`);
    } catch (error) {
      await end();
      throw new CliError(`--engine envoy: ${(error as Error).message}`);
    }
    return {
      close: async () => {
        engine.process.kill();
        await engine.process.ended;
        folder.delete();
        process.off('exit', onExit);
      },
    };
  };
}

/** Ports that nobody has at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
