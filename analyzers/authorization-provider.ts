import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { nearest } from '../src/manifest/nearest.ts';

const WFT1033 = message<{ provider: string; known: readonly string[] }>({
  name: 'AuthorizerUnknown',
  level: 'Error',
  summary: 'a CUSTOM authorization policy names a provider that nobody can ask',
  text: ({ provider, known }) => `no provider "${provider}" of the mesh configuration authorizes requests; those that do: ${known.join(', ')}`,
  help: 'add it to extensionProviders of the mesh configuration, with envoyExtAuthzHttp or envoyExtAuthzGrpc',
  effect: 'requests that the policy is for get 403 (RBAC: access denied)',
});

/** AuthorizationPolicy.provider.name of CUSTOM policies (SEC-R31). Where the mesh configuration has no authorizer at all, it may not be among the input. */
export default defineAnalyzer({
  name: 'weft.AuthorizationProviderAnalyzer',
  summary: 'providers of CUSTOM authorization policies exist',
  reads: ['AuthorizationPolicy', 'MeshConfig'],
  preset: 'recommended',
  messages: { WFT1033 },
  check({ mesh, report }) {
    const authorizers = (mesh.meshConfig.extensionProviders ?? []).filter((provider) => provider?.envoyExtAuthzHttp || provider?.envoyExtAuthzGrpc);
    const known = authorizers.flatMap((provider) => provider?.name ?? []).sort();
    if (known.length === 0) return;
    for (const policy of mesh.list('AuthorizationPolicy')) {
      const provider = policy.spec.provider?.name ?? '';
      // Validation refuses a CUSTOM policy without a provider, and others with one.
      if (policy.spec.action !== 'CUSTOM' || provider === '' || known.includes(provider)) continue;
      const path = ['spec', 'provider', 'name'];
      report('WFT1033', policy, path, { provider, known }, meant(nearest(provider, known), path));
    }
  },
});
