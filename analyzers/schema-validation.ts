import { type Analyzer, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0106, IST0130, IST0131, IST0133 } from '../src/analysis/catalogue/validation.ts';

const messages = { IST0106, IST0130, IST0131, IST0133 };

const kinds = [
  'AuthorizationPolicy',
  'DestinationRule',
  'EnvoyFilter',
  'Gateway',
  'MeshConfig',
  'MeshNetworks',
  'PeerAuthentication',
  'ProxyConfig',
  'RequestAuthentication',
  'ServiceEntry',
  'Sidecar',
  'Telemetry',
  'VirtualService',
  'WasmPlugin',
  'WorkloadEntry',
  'WorkloadGroup',
] as const;

/** One analyzer a kind, as the reference has them: what src/schema says of each resource. */
const analyzers: Analyzer<typeof messages>[] = kinds.map((kind) =>
  defineAnalyzer({
    name: `schema.ValidationAnalyzer.${kind}`,
    summary: `${kind} resources follow the rules of their kind`,
    reads: [kind],
    preset: 'reference',
    messages,
    check({ mesh, preset, problemsOf, report }) {
      // The reference drops a wrong mesh configuration when it reads it, without a word.
      if (preset === 'reference' && (kind === 'MeshConfig' || kind === 'MeshNetworks')) return;
      for (const resource of mesh.list(kind)) {
        for (const problem of problemsOf(resource)) {
          // For HTTP rules the search over the routing table is exact where the reference's comparison is wrong both ways.
          if (preset !== 'reference' && (problem.code === 'IST0130' || problem.code === 'IST0131') && problem.path?.[1] === 'http') continue;
          const { text, same, help, fix } = problem;
          report(problem.code as keyof typeof messages, resource, problem.path, { text, same }, { help, fix });
        }
      }
    },
  }),
);

export default analyzers;
