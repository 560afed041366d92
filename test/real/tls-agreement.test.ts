// TLS by the sidecar of weft and by a real Envoy with the configuration that weft makes: random manifests, connections that fare alike.
// `npm run fuzz:tls` has many more.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envoyProgram } from './envoy.ts';
import { Agreement, type Kind } from './tls-agreement/compare.ts';

const envoy = envoyProgram();
const seed = 20_260;
const sets = 16;
const probes = 24;

/** What has to be among the outcomes, so that a comparison of nothing but refusals is seen. */
const kinds: [kind: Kind, outcomes: string[]][] = [
  [
    'gateway',
    ['refused -', 'TLSv1.3 200', 'TLSv1.2 200', 'TLSv1.3 404', 'TLSv1.3 resumed 200', 'TLSv1.3 200, TLS beyond', 'plain 301', 'plain bytes', 'plain -'],
  ],
  ['inbound', ['refused -', 'TLSv1.3 200', 'TLSv1.2 200, TLS beyond', 'TLSv1.3 bytes, TLS beyond', 'TLSv1.3 resumed 200', 'plain 200', 'plain 403', 'plain -']],
  ['outbound', ['plain 200', 'plain 200, TLS beyond', 'plain 503', 'plain bytes', 'plain -']],
];

describe.runIf(envoy !== undefined)('both engines', () => {
  let agreement: Agreement;
  beforeAll(async () => {
    agreement = await Agreement.start(envoy as string);
  });
  afterAll(() => agreement.close());

  it.each(kinds)('SEC-R3, SEC-R10, TCP-R11, DR-R70, DR-R71: %s', { timeout: 900_000 }, async (kind, outcomes) => {
    const { connections, counts, differences } = await agreement.run({ kind, sets, probes, seed });
    expect(differences).toEqual([]);
    expect(connections).toBe(sets * probes);
    expect(outcomes.filter((outcome) => (counts.get(outcome) ?? 0) < 2)).toEqual([]);
  });
});
