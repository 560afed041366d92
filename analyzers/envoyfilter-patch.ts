import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0151, IST0152, IST0153, IST0154, IST0155 } from '../src/analysis/catalogue/envoy-filters.ts';
import type { EnvoyFilter, EnvoyFilter_EnvoyConfigObjectPatch } from '../src/manifest/istio/networking.gen.ts';
import type { Resource } from '../src/manifest/resource.ts';

const messages = { IST0151, IST0152, IST0153, IST0154, IST0155 };

/** Generated routes are merged into, not added to or taken away from. */
const routes: ReadonlySet<string> = new Set(['ROUTE_CONFIGURATION', 'HTTP_ROUTE']);
const replaceable: ReadonlySet<string> = new Set(['NETWORK_FILTER', 'HTTP_FILTER']);

/**
 * spec/analyze/messages.md, "envoyfilter.". Whether a name was seen with a proxyVersion before depends on the order of the
 * EnvoyFilters, which is random in the reference and the order of the input here.
 */
export default defineAnalyzer({
  name: 'envoyfilter.EnvoyPatchAnalyzer',
  summary: 'operations of EnvoyFilters have an effect, and do not depend on which filter comes first',
  reads: ['EnvoyFilter'],
  preset: 'reference',
  messages,
  check({ mesh, report }) {
    const versioned = new Set<string>();
    for (const filter of mesh.list('EnvoyFilter')) checkFilter(filter, versioned, report);
  },
});

/** @param versioned names of patches for a proxyVersion so far; this filter's are added */
function checkFilter(filter: Resource<EnvoyFilter>, versioned: Set<string>, report: Context<typeof messages>['report']): void {
  const { configPatches = [], priority = 0 } = filter.spec;
  for (const [index, configPatch] of configPatches.entries()) {
    // The reference looks at no patch after one that is not there; validation reports that one.
    if (!configPatch?.patch) break;
    const { applyTo = 'INVALID', match, patch } = configPatch;
    const { operation = 'INVALID' } = patch;
    const path = ['spec', 'configPatches', index, 'patch', 'operation'];
    const { key, name } = subjectOf(configPatch);
    const data = { applyTo, operation, same: '' };
    if (operation === 'ADD') {
      if (routes.has(applyTo)) report('IST0153', filter, path, data);
    } else if (operation === 'REMOVE' && routes.has(applyTo)) {
      report('IST0154', filter, path, data);
    } else if (operation === 'REPLACE' && !replaceable.has(applyTo)) {
      report('IST0152', filter, path, data);
    } else if (priority === 0 && relative.has(operation)) {
      report(versioned.has(key) ? 'IST0155' : 'IST0151', filter, path, { ...data, name });
    }
    if (match?.proxy?.proxyVersion) versioned.add(key);
  }
}

const relative: ReadonlySet<string> = new Set(['REMOVE', 'REPLACE', 'INSERT_BEFORE', 'INSERT_AFTER']);

/** What a patch is about: what its value is named, else the filter that it matches. The two are different even if spelt alike. */
function subjectOf({ match, patch }: EnvoyFilter_EnvoyConfigObjectPatch): { key: string; name: string } {
  const value = patch?.value;
  if (!value) return { key: '', name: '' };
  if (Object.hasOwn(value, 'name')) {
    return { key: `value ${JSON.stringify(value.name)}`, name: typeof value.name === 'string' ? value.name : '' };
  }
  const name = match?.listener?.filterChain?.filter?.name ?? '';
  return { key: name === '' ? '' : `match ${name}`, name };
}
