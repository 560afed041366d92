// Random sets of manifests, each served by both engines; every connection fares with both alike.
import fc from 'fast-check';
import { tableOf } from '../../proxy/support.ts';
import { type Backend, type BackendSettings, startBackend } from './backend.ts';
import { Certificates } from './certificates.ts';
import { ask, type Outcome, type Probe, type Target } from './client.ts';
import { type Engine, Refusal, startEmbedded, startEnvoy } from './engines.ts';
import { gatewaySet } from './gateway-sets.ts';
import { inboundSet } from './inbound-sets.ts';
import { outboundSet } from './outbound-sets.ts';
import type { AgreementSet, World } from './set.ts';

export const kinds = { gateway: gatewaySet, inbound: inboundSet, outbound: outboundSet } as const;
export type Kind = keyof typeof kinds;

export interface Run {
  kind: Kind;
  sets: number;
  probes: number;
  seed: number;
}

export interface Difference {
  kind: Kind;
  seed: number;
  set: number;
  manifests: string;
  meshConfig: unknown;
  identity: boolean;
  probe?: Probe;
  embedded: unknown;
  envoy: unknown;
}

export interface Compared {
  sets: number;
  connections: number;
  /** How often each came out, so that a comparison of nothing but refusals is seen. */
  counts: Map<string, number>;
  differences: Difference[];
}

const backends: readonly BackendSettings[] = [
  { name: 'b0', certificate: 'server-dns' },
  { name: 'b1', certificate: 'server-rsa' },
  { name: 'b2', certificate: 'server-mesh' },
  { name: 'b3', certificate: 'server-stranger' },
  { name: 'mesh', certificate: 'server-mesh' },
  { name: 'mesh-other', certificate: 'server-mesh-other' },
  { name: 'dns', certificate: 'server-dns' },
  { name: 'rsa', certificate: 'server-rsa' },
  { name: 'old', certificate: 'server-old' },
  { name: 'stranger', certificate: 'server-stranger' },
  { name: 'old-tls', certificate: 'server-rsa', maxVersion: 'TLSv1.2' },
  { name: 'no-alpn', certificate: 'server-dns', alpn: [] },
];

/** Connections of one set that are open at the same time. */
const atOnce = 8;

export class Agreement {
  private readonly world: World;
  private readonly envoy: string;

  private constructor(world: World, envoy: string) {
    this.world = world;
    this.envoy = envoy;
  }

  /** @param envoy the program */
  static async start(envoy: string): Promise<Agreement> {
    const certificates = await Certificates.create();
    const started = await Promise.all(backends.map((settings) => startBackend(settings, certificates)));
    const byName = Object.fromEntries(started.map((backend): [string, Backend] => [backend.name, backend]));
    return new Agreement({ certificates, backends: byName, digests: await certificates.digests('alice') }, envoy);
  }

  close(): void {
    for (const backend of Object.values(this.world.backends)) backend.close();
    this.world.certificates.delete();
  }

  /** @param only these sets, by their index */
  async run({ kind, sets, probes, seed }: Run, only?: (set: number) => boolean): Promise<Compared> {
    const compared: Compared = { sets: 0, connections: 0, counts: new Map(), differences: [] };
    const generated = fc.sample(kinds[kind](this.world, probes), { numRuns: sets, seed });
    for (const [index, one] of generated.entries()) {
      if (only && !only(index)) continue;
      compared.sets++;
      const told = { kind, seed, set: index, manifests: one.manifests, meshConfig: one.meshConfig, identity: one.identity };
      const found = await this.compare(one, compared);
      compared.differences.push(...found.map((difference) => ({ ...told, ...difference })));
    }
    return compared;
  }

  private async compare(set: AgreementSet, compared: Compared): Promise<Pick<Difference, 'probe' | 'embedded' | 'envoy'>[]> {
    const { certificates } = this.world;
    const { manifests, meshConfig, proxy, probes, ...served } = set;
    const table = await tableOf(manifests, [], JSON.stringify(meshConfig), proxy);
    const engines: Engine[] = [];
    try {
      engines.push(await startEmbedded({ table, ...served }, certificates));
      engines.push(await startEnvoy(this.envoy, { table, ...served }, certificates));
    } catch (error) {
      for (const engine of engines) await engine.close();
      if (error instanceof Refusal) return [{ embedded: 'starts', envoy: error.message }];
      throw error;
    }
    const found: Pick<Difference, 'probe' | 'embedded' | 'envoy'>[] = [];
    const targets = (slot: number): Target[] => engines.map((engine) => engine.target(slot));
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let at = next++; at < probes.length; at = next++) {
        const probe = probes[at] as Probe;
        const [embedded, envoy] = (await Promise.all(targets(probe.slot).map((target) => ask(target, probe, certificates)))) as [Outcome, Outcome];
        compared.connections++;
        const summary = summaryOf(envoy);
        compared.counts.set(summary, (compared.counts.get(summary) ?? 0) + 1);
        if (comparable(embedded) !== comparable(envoy)) found.push({ probe, embedded, envoy });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    for (const engine of engines) await engine.close();
    return found;
  }
}

function summaryOf({ tls, answer }: Outcome): string {
  const secured = tls === undefined ? 'plain' : tls === 'refused' ? 'refused' : `${tls.version}${tls.resumed ? ' resumed' : ''}`;
  // Of a backend that was spoken to with TLS by the proxy, or behind it.
  const beyond = answer?.body.includes('"serverName"') ? ', TLS beyond' : '';
  return `${secured} ${answer?.status ?? (answer?.silent ? 'silent' : answer?.body ? 'bytes' : '-')}${beyond}`;
}

/** A text that is the same for outcomes that count as the same. */
function comparable({ tls, answer }: Outcome): string {
  // What an engine says of HTTP/2 to a client that does not speak it is not looked at.
  const wordless = answer !== undefined && answer.status === undefined && !answer.silent && (answer.body === '' || answer.body === '…');
  if (wordless || tls === 'refused') return tls === undefined ? 'plain, closed' : 'refused';
  return JSON.stringify({ tls: typeof tls === 'object' ? withoutNewCipher(tls) : tls, answer });
}

/** Of TLS 1.3 nobody can choose one; each engine takes the one that it likes best. So it is with two of TLS 1.2, which are equally strong. */
function withoutNewCipher(tls: Exclude<Outcome['tls'], string | undefined>): object {
  return { ...tls, cipher: tls.version === 'TLSv1.3' ? '' : tls.cipher.replace('CHACHA20-POLY1305', 'AES128-GCM-SHA256') };
}
