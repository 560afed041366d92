import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0170 } from '../src/analysis/catalogue/services.ts';

/**
 * spec/analyze/messages.md, services.MultiClusterServiceAnalyzer. It compares the Services of one name over several clusters. A
 * mesh holds the resources of one cluster, so there is nothing to compare, as in the reference without --remote-contexts.
 */
export default defineAnalyzer({
  name: 'services.MultiClusterServiceAnalyzer',
  summary: 'a service is the same in all clusters of the mesh (needs more than one)',
  reads: ['Service'],
  preset: 'reference',
  messages: { IST0170 },
  check() {},
});
