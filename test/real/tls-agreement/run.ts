// TLS of both engines, on many more manifests and connections than `npm run test:real` has.
//
//   npm run fuzz:tls    TLS_SETS: how many sets of manifests of each kind, 150 if not told; TLS_PROBES: connections to each, 30;
//                       TLS_SEED: the seed of a run to repeat; TLS_KIND: gateway, inbound or outbound; TLS_ONLY: the index of one set
import { envoyProgram } from '../../../scripts/envoy-program.ts';
import { Agreement, type Difference, type Kind, kinds } from './compare.ts';

const { TLS_SETS = '150', TLS_PROBES = '30', TLS_SEED, TLS_KIND, TLS_ONLY } = process.env;
const seed = Number(TLS_SEED ?? Math.floor(Math.random() * 1e9));
const envoy = envoyProgram();
if (envoy === undefined) throw new Error('the real Envoy is not there');

const mostShown = 5;

function text({ set, manifests, meshConfig, identity, probe, embedded, envoy: other }: Difference): string {
  const written = manifests.split('---\n').filter((one) => !one.includes('"kind":"ServiceEntry"') || probe === undefined || probe.tls === undefined);
  const lines = [`set ${set}${identity ? '' : ', without an identity'}, mesh configuration ${JSON.stringify(meshConfig)}`, written.map(briefly).join('')];
  return [...lines, `probe    ${JSON.stringify(probe)}`, `embedded ${JSON.stringify(embedded)}`, `envoy    ${JSON.stringify(other)}`, ''].join('\n');
}

/** Without what is the same in all of them. */
function briefly(manifest: string): string {
  return manifest.replace(/"apiVersion":"[^"]*",|"creationTimestamp":"[^"]*"|\/tmp\/weft-tls-agreement-[^/]*\//g, '');
}

const agreement = await Agreement.start(envoy);
try {
  for (const kind of Object.keys(kinds) as Kind[]) {
    if (TLS_KIND !== undefined && TLS_KIND !== kind) continue;
    const began = performance.now();
    const only = TLS_ONLY === undefined ? undefined : (set: number) => set === Number(TLS_ONLY);
    const { sets, connections, counts, differences } = await agreement.run({ kind, sets: Number(TLS_SETS), probes: Number(TLS_PROBES), seed }, only);
    const seconds = Math.round((performance.now() - began) / 1000);
    console.info(`${kind}: ${sets} sets, ${connections} connections in ${seconds} s, seed ${seed}: ${differences.length} differences`);
    console.info(
      [...counts]
        .sort(([, a], [, b]) => b - a)
        .map(([what, often]) => `${what}: ${often}`)
        .join(', '),
    );
    for (const difference of differences.slice(0, mostShown)) console.info(text(difference));
    if (differences.length > 0) process.exitCode = 1;
  }
} finally {
  agreement.close();
}
// Connections of clients that were left alone hold timers.
process.exit();
