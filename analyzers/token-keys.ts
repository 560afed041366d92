import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';

const WFT1032 = message<{ index: number; issuer: string; empty: boolean }>({
  name: 'TokenKeysUnknown',
  level: 'Warning',
  summary: 'tokens of an issuer cannot be verified, as nothing says where its keys are',
  text: ({ index, issuer, empty }) =>
    empty
      ? `jwtRules[${index}] has jwks without a key, so no token of "${issuer}" can be verified`
      : `jwtRules[${index}] has neither jwks nor jwksUri, and its issuer "${issuer}" is no URL at which keys can be discovered`,
  help: 'set jwksUri, or jwks with the keys themselves',
  effect: 'requests with such a token get 401',
});

/** RequestAuthentication.jwtRules[]: where keys come from, as the control plane reads them. */
export default defineAnalyzer({
  name: 'weft.TokenKeysAnalyzer',
  summary: 'keys of issuers of tokens can be found',
  reads: ['RequestAuthentication'],
  preset: 'recommended',
  messages: { WFT1032 },
  check({ mesh, report }) {
    for (const policy of mesh.list('RequestAuthentication')) {
      for (const [index, rule] of (policy.spec.jwtRules ?? []).entries()) {
        const { issuer = '', jwks, jwksUri } = rule ?? {};
        // Validation refuses what has neither an issuer nor an address, and keys that are no JSON.
        if (issuer === '') continue;
        const empty = jwks ? hasNoKeys(jwks) : false;
        if (empty) report('WFT1032', policy, ['spec', 'jwtRules', index, 'jwks'], { index, issuer, empty });
        else if (!jwks && !jwksUri && !/^https?:\/\//.test(issuer)) report('WFT1032', policy, ['spec', 'jwtRules', index, 'issuer'], { index, issuer, empty });
      }
    }
  },
});

function hasNoKeys(jwks: string): boolean {
  try {
    const { keys } = JSON.parse(jwks) as { keys?: unknown };
    return !Array.isArray(keys) || keys.length === 0;
  } catch {
    return false;
  }
}
