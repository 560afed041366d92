// An authority for the proxies of one person on one machine: whoever may read its folder is given a certificate for any identity.
import { randomUUID } from 'node:crypto';
import { chmodSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../envoy/xds/clock.ts';
import { makeRequest, requestedKey } from '../pki/certificate-request.ts';
import { issueAuthority, issueWorkload } from '../pki/issue.ts';
import { workloadLifetimeMs } from '../pki/lifetimes.ts';
import { certificatesOf, type KeyPair, readCertificate } from '../pki/pem.ts';
import type { SignedIdentity } from '../pki/signing/client.ts';

const dayMs = 24 * 60 * 60 * 1000;
/** Of an authority; before its last part there is another one. */
const lifetimeMs = 30 * dayMs;
const lastPartMs = 10 * dayMs;
/** So long all proxies have the roots of a new authority before it signs. */
const knownAfterMs = 60_000;

const fileName = /^authority-(\d+)-[0-9a-f-]+\.pem$/;

interface Known {
  pair: KeyPair;
  madeAt: number;
  expiresAt: number;
}

/** Where the authority of a trust domain is, if the environment does not say otherwise: a folder that a restart of the machine may empty. */
export function localAuthorityFolder(trustDomain: string, env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_RUNTIME_DIR || env.XDG_CACHE_HOME || join(homedir(), '.cache');
  // Names of domains, and nothing that leads elsewhere.
  return join(base, 'weft', 'mtls', trustDomain.replace(/[^A-Za-z0-9.-]/g, '_').replace(/^\./, '_'));
}

export class LocalAuthority {
  private readonly folder: string;
  private readonly clock: Clock;

  /** @throws Error where the folder cannot be made, or where others than this user may read it */
  constructor(folder: string, clock: Clock) {
    this.folder = folder;
    this.clock = clock;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    if (!lstatSync(folder).isDirectory()) throw new Error(`${folder} is no folder`);
    if (process.getuid && uid !== process.getuid()) throw new Error(`${folder} belongs to somebody else`);
    // What was made before, with another mask.
    if ((mode & 0o077) !== 0) chmodSync(folder, 0o700);
  }

  /** A certificate for a workload, with a key made for it. */
  async sign(spiffeId: string): Promise<SignedIdentity> {
    const { pair } = await this.signer();
    const now = this.clock.now();
    const { request, key } = await makeRequest(spiffeId);
    const certificateChain = await issueWorkload(pair, await requestedKey(request), spiffeId, workloadLifetimeMs, now);
    const expiresAt = readCertificate(certificateChain)?.validToDate.getTime() ?? now;
    return { certificateChain, privateKey: key, roots: await this.roots(), spiffeId, issuedAt: now, expiresAt };
  }

  /** Of all authorities that there are: who was signed by a former one is still known. */
  async roots(): Promise<string> {
    return this.all()
      .map(({ pair }) => pair.certificate)
      .join('');
  }

  private async signer(): Promise<Known> {
    const now = this.clock.now();
    if (!this.all().some(({ expiresAt }) => expiresAt - now > lastPartMs)) await this.make(now);
    const all = this.all();
    const known = all.filter(({ madeAt }) => now - madeAt > knownAfterMs).at(-1);
    // Several that were made at the same moment: all take the same one.
    const signer = known ?? all[0];
    if (!signer) throw new Error(`${this.folder} was emptied`);
    return signer;
  }

  /** That are valid, the oldest first. */
  private all(): Known[] {
    const now = this.clock.now();
    return readdirSync(this.folder)
      .sort()
      .flatMap((name) => {
        const madeAt = Number(fileName.exec(name)?.[1] ?? Number.NaN);
        if (Number.isNaN(madeAt)) return [];
        const path = join(this.folder, name);
        const text = readFileSync(path, 'utf8');
        const certificate = certificatesOf(text)[0] ?? '';
        const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(text)?.[0];
        const expiresAt = readCertificate(certificate)?.validToDate.getTime();
        if (key === undefined || expiresAt === undefined || expiresAt <= now) {
          rmSync(path, { force: true });
          return [];
        }
        return [{ pair: { certificate, key }, madeAt, expiresAt }];
      });
  }

  /** In one step, so that nobody reads half of it. */
  private async make(now: number): Promise<void> {
    const { certificate, key } = await issueAuthority('weft on this machine', now, lifetimeMs);
    const unique = randomUUID();
    const temporary = join(this.folder, `.${unique}.tmp`);
    writeFileSync(temporary, `${certificate}${key}`, { mode: 0o600, flag: 'wx' });
    try {
      linkSync(temporary, join(this.folder, `authority-${Math.floor(now)}-${unique}.pem`));
    } finally {
      rmSync(temporary, { force: true });
    }
  }
}
