import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0128, IST0129 } from '../src/analysis/catalogue/destination-rules.ts';
import type { ClientTLSSettings } from '../src/manifest/istio/networking.gen.ts';

/** spec/analyze/messages.md, destinationrule.CaCertificate */
export default defineAnalyzer({
  name: 'destinationrule.CaCertificateAnalyzer',
  summary: 'TLS to a server names the CA of its certificate',
  reads: ['DestinationRule'],
  preset: 'reference',
  messages: { IST0128, IST0129 },
  check({ mesh, preset, report }) {
    for (const rule of mesh.list('DestinationRule')) {
      const { host = '', trafficPolicy, workloadSelector } = rule.spec;
      const unverified = (tls: ClientTLSSettings | undefined): tls is ClientTLSSettings => {
        if (!tls || (tls.mode !== 'SIMPLE' && tls.mode !== 'MUTUAL') || tls.caCertificates) return false;
        // The Secret of credentialName may hold the CA; a sidecar reads it only for a rule with a workload selector.
        if (tls.credentialName && workloadSelector) return false;
        return preset === 'reference' || !tls.insecureSkipVerify;
      };
      const data = (tls: ClientTLSSettings) => ({ rule: rule.fullName, namespace: rule.namespace, mode: tls.mode ?? '', host });
      const tls = trafficPolicy?.tls;
      if (unverified(tls)) report('IST0128', rule, ['spec', 'trafficPolicy', 'tls', 'caCertificates'], data(tls));
      for (const [i, settings] of (trafficPolicy?.portLevelSettings ?? []).entries()) {
        const tls = settings?.tls;
        if (!unverified(tls)) continue;
        const path = ['spec', 'trafficPolicy', 'portLevelSettings', i, 'tls', 'caCertificates'];
        report('IST0129', rule, path, { ...data(tls), port: settings?.port?.number });
      }
    }
  },
});
