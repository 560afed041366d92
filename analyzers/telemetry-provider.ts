import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0157 } from '../src/analysis/catalogue/telemetry.ts';

/** spec/analyze/messages.md, telemetry.ProviderAnalyzer */
export default defineAnalyzer({
  name: 'telemetry.ProviderAnalyzer',
  summary: 'access logging names a provider, or the mesh has a default one',
  reads: ['Telemetry', 'MeshConfig'],
  preset: 'reference',
  messages: { IST0157 },
  check({ mesh, report }) {
    if ((mesh.meshConfig.defaultProviders?.accessLogging?.length ?? 0) > 0) return;
    for (const telemetry of mesh.list('Telemetry')) {
      telemetry.spec.accessLogging?.forEach((entry, i) => {
        if (entry?.disabled || (entry?.providers?.length ?? 0) > 0) return;
        const { name, namespace } = telemetry;
        report('IST0157', telemetry, ['spec', 'accessLogging', i], { telemetry: name, namespace, same: 'no provider' });
      });
    }
  },
});
