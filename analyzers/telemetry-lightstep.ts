import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0002 } from '../src/analysis/catalogue/deprecation.ts';

/** spec/analyze/messages.md, telemetry.LightstepAnalyzer */
export default defineAnalyzer({
  name: 'telemetry.LightstepAnalyzer',
  summary: 'tracing does not use the Lightstep provider, which is deprecated',
  reads: ['Telemetry', 'MeshConfig'],
  preset: 'reference',
  messages: { IST0002 },
  check({ mesh, report }) {
    const deprecated = new Set((mesh.meshConfig.extensionProviders ?? []).filter((p) => p?.lightstep).map((p) => p.name ?? ''));
    if (deprecated.size === 0) return;
    for (const telemetry of mesh.list('Telemetry')) {
      telemetry.spec.tracing?.forEach((tracing, t) => {
        tracing?.providers?.forEach((provider, p) => {
          const name = provider?.name ?? '';
          if (!deprecated.has(name)) return;
          const detail = `tracing provider ${name} is a Lightstep provider, which is deprecated: use an OpenTelemetry provider`;
          report('IST0002', telemetry, ['spec', 'tracing', t, 'providers', p], { detail, same: detail });
        });
      });
    }
  },
});
