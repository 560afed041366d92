// Certificates of one run: signed by an authority that nobody else knows, and that is gone with the process.
import { makeRequest, requestedKey } from '../../../pki/certificate-request.ts';
import { issueAuthority, issueWorkload } from '../../../pki/issue.ts';
import type { KeyPair } from '../../../pki/pem.ts';
import type { WorkloadCredentials } from '../../../proxy/tls/credentials.ts';

/** No run of tests takes longer. */
const lifetimeMs = 24 * 60 * 60 * 1000;

export class RunAuthority {
  private readonly signed = new Map<string, Promise<WorkloadCredentials>>();
  private pair: Promise<KeyPair> | undefined;

  /** @param spiffeId `spiffe://cluster.local/ns/shop/sa/cart` */
  of(spiffeId: string): Promise<WorkloadCredentials> {
    let known = this.signed.get(spiffeId);
    if (!known) {
      known = this.sign(spiffeId);
      this.signed.set(spiffeId, known);
    }
    return known;
  }

  private async sign(spiffeId: string): Promise<WorkloadCredentials> {
    const now = Date.now();
    this.pair ??= issueAuthority('weft test', now, lifetimeMs);
    const pair = await this.pair;
    const { request, key } = await makeRequest(spiffeId);
    const certificateChain = await issueWorkload(pair, await requestedKey(request), spiffeId, lifetimeMs, now);
    return { certificateChain, privateKey: key, spiffeId, roots: pair.certificate, expiresAt: now + lifetimeMs };
  }
}
