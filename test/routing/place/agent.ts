// An agent that gives Envoy the certificates of the recording.
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SecretServer } from '../../../src/agent/sds/server.ts';
import { namedFiles } from '../../../src/proxy/tls/credential-names.ts';
import type { Credentials } from '../../../src/proxy/tls/credentials.ts';
import type { Place } from './engine.ts';

/** @param folder with `workload.crt`, its key and `mesh-ca.crt` */
function credentialsIn(folder: string): Credentials {
  const read = (file: string): string => readFileSync(file, 'utf8');
  const workload = {
    certificateChain: read(join(folder, 'workload.crt')),
    privateKey: read(join(folder, 'workload.key')),
    spiffeId: 'spiffe://cluster.local/ns/shop/sa/app',
    roots: read(join(folder, 'mesh-ca.crt')),
    expiresAt: Number.POSITIVE_INFINITY,
  };
  return {
    workload: () => workload,
    named: (name) => {
      const files = namedFiles(name);
      if (files?.kind === 'pair') return { pair: { certificateChain: read(files.certificateFile), privateKey: read(files.keyFile) } };
      return files?.kind === 'roots' ? { roots: read(files.file) } : undefined;
    },
    onChange: () => () => {},
  };
}

export async function startAgent(socket: string, folder: string, { gid }: Place): Promise<{ close(): void }> {
  const server = new SecretServer({
    credentials: credentialsIn(folder),
    refused: (names, text) => {
      throw new Error(`Envoy refuses ${names.join(', ')}: ${text}`);
    },
  });
  await server.listen(socket);
  // The proxy may be of another group.
  if (gid !== undefined) chmodSync(socket, 0o666);
  return server;
}
