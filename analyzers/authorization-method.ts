import { defineAnalyzer, type ReportExtra } from '../src/analysis/analyzer.ts';
import { effectOfDeadValue } from '../src/analysis/dead-value.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { nearest } from '../src/manifest/nearest.ts';
import type { Path } from '../src/manifest/problem.ts';
import { matchesSomeMethod, standardMethods } from '../src/model/http-methods.ts';

const WFT1028 = message<{ value: string }>({
  name: 'MethodUnknown',
  level: 'Warning',
  summary: 'an authorization policy names a method that no HTTP request has',
  text: ({ value }) =>
    matchesSomeMethod(value.toUpperCase())
      ? `no request has the method "${value}": case counts, and methods are written in capitals`
      : `"${value}" matches no HTTP method`,
  help: `methods are ${standardMethods.join(', ')}, or begin or end with *`,
  aliases: ['KIA0102'],
});

/** AuthorizationPolicy.rules[].to[].operation.methods and notMethods, compared as SEC-R27 says. */
export default defineAnalyzer({
  name: 'weft.AuthorizationMethodAnalyzer',
  summary: 'methods of authorization policies are HTTP methods',
  reads: ['AuthorizationPolicy'],
  preset: 'recommended',
  messages: { WFT1028 },
  check({ mesh, report }) {
    for (const policy of mesh.list('AuthorizationPolicy')) {
      for (const [r, rule] of (policy.spec.rules ?? []).entries()) {
        for (const [t, to] of (rule?.to ?? []).entries()) {
          for (const field of ['methods', 'notMethods'] as const) {
            for (const [m, value] of (to?.operation?.[field] ?? []).entries()) {
              // Validation refuses empty values.
              if (value === '' || matchesSomeMethod(value)) continue;
              const path = ['spec', 'rules', r, 'to', t, 'operation', field, m];
              report('WFT1028', policy, path, { value }, { ...correction(value, path), effect: effectOfDeadValue(policy.spec, field === 'notMethods') });
            }
          }
        }
      }
    }
  },
});

function correction(value: string, path: Path): ReportExtra {
  if (/[,|\s]/.test(value.trim())) return { help: 'write each method as an entry of its own' };
  const upper = value.trim().toUpperCase();
  if (matchesSomeMethod(upper)) return meant(upper, path);
  // Every call of gRPC is a POST; which one it is, is in the path.
  if (/^grpc/i.test(value) || value.includes('/') || /^[A-Z][a-z]+[A-Z]/.test(value)) {
    return { help: 'a gRPC call has the method POST; name the call in paths: /package.Service/Method' };
  }
  return value.length < 3
    ? {}
    : meant(
        nearest(
          upper,
          standardMethods.filter((method) => method[0] === upper[0]),
        ),
        path,
      );
}
