import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeRequest, requestedKey } from '../../src/pki/certificate-request.ts';
import { issueAuthority, issueWorkload } from '../../src/pki/issue.ts';

/** Files of a certificate and its key. */
export interface Files {
  certificate: string;
  key: string;
}

/** Certificates of one mesh, the same for all that are compared: ECDSA with P-256. */
export interface Certificates {
  roots: string;
  proxy: Files;
  client: Files;
  service: Files;
}

export const spiffeId = (account: string): string => `spiffe://cluster.local/ns/bench/sa/${account}`;

const dayMs = 24 * 60 * 60 * 1000;

export async function makeCertificates(folder: string): Promise<Certificates> {
  const now = Date.now();
  const authority = await issueAuthority('bench', now);
  const roots = join(folder, 'roots.pem');
  writeFileSync(roots, authority.certificate);
  const make = async (account: string): Promise<Files> => {
    const { request, key } = await makeRequest(spiffeId(account));
    const files = { certificate: join(folder, `${account}.crt`), key: join(folder, `${account}.key`) };
    writeFileSync(files.certificate, await issueWorkload(authority, await requestedKey(request), spiffeId(account), dayMs, now));
    writeFileSync(files.key, key, { mode: 0o600 });
    return files;
  };
  return { roots, proxy: await make('proxy'), client: await make('client'), service: await make('service') };
}
