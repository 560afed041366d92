import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { effectOfDeadValue } from '../src/analysis/dead-value.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { isPathTemplate } from '../src/manifest/path-template.ts';

type Reason = 'slash' | 'query' | 'star';

const why: Readonly<Record<Reason, string>> = {
  slash: 'paths of requests begin with /',
  query: 'paths are compared without the query and the fragment',
  star: 'one * counts, at the beginning or at the end, and others are characters',
};

const WFT1031 = message<{ value: string; reason: Reason }>({
  name: 'PathUnmatched',
  level: 'Warning',
  summary: 'an authorization policy names a path that no request has',
  text: ({ value, reason }) => `no request has the path "${value}": ${why[reason]}`,
  help: 'a path is /a, a prefix /a*, a suffix */a, or a template with {*} for one segment and {**} for several',
});

/** AuthorizationPolicy.rules[].to[].operation.paths and notPaths, compared as SEC-R27 says. */
export default defineAnalyzer({
  name: 'weft.AuthorizationPathAnalyzer',
  summary: 'paths of authorization policies are paths that requests can have',
  reads: ['AuthorizationPolicy'],
  preset: 'recommended',
  messages: { WFT1031 },
  check({ mesh, report }) {
    for (const policy of mesh.list('AuthorizationPolicy')) {
      for (const [r, rule] of (policy.spec.rules ?? []).entries()) {
        for (const [t, to] of (rule?.to ?? []).entries()) {
          for (const field of ['paths', 'notPaths'] as const) {
            for (const [p, value] of (to?.operation?.[field] ?? []).entries()) {
              const reason = reasonAgainst(value);
              if (!reason) continue;
              const path = ['spec', 'rules', r, 'to', t, 'operation', field, p];
              const fix = reason === 'slash' && /^[\w.-]/.test(value) && !value.includes('://') ? meant(`/${value}`, path) : {};
              report('WFT1031', policy, path, { value, reason }, { ...fix, effect: effectOfDeadValue(policy.spec, field === 'notPaths') });
            }
          }
        }
      }
    }
  },
});

/** Validation refuses empty values, and templates that are none. */
function reasonAgainst(value: string): Reason | undefined {
  if (value === '' || isPathTemplate(value)) return undefined;
  if (/[?#]/.test(value)) return 'query';
  if (!/^[/*]/.test(value)) return 'slash';
  // Behind a * at the beginning, one at the end is a character, too.
  return (value.startsWith('*') ? value.slice(1) : value.slice(0, -1)).includes('*') ? 'star' : undefined;
}
