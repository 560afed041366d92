import { type Context, defineAnalyzer, type ReportExtra } from '../src/analysis/analyzer.ts';
import { effectOfDeadValue } from '../src/analysis/dead-value.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { NearestIndex } from '../src/analysis/nearest.ts';
import { namespaceInWords } from '../src/analysis/wording.ts';
import type { AuthorizationPolicy } from '../src/manifest/istio/security.gen.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import type { Mesh } from '../src/model/mesh.ts';
import { knownNamespaces } from '../src/model/namespaces.ts';
import { type Identity, parsePrincipal, parseServiceAccount, spiffeScheme } from '../src/model/principal.ts';
import { kindsWithAccounts, ServiceAccounts } from '../src/model/service-accounts.ts';

const WFT1015 = message<{ what: string; value: string; problem: string }>({
  name: 'PrincipalWithoutServiceAccount',
  level: 'Warning',
  summary: 'an authorization policy names a caller whose service account does not exist',
  text: ({ what, value, problem }) => `no caller is the ${what} "${value}": ${problem}`,
  help: 'a caller is the service account that its pod runs as (serviceAccountName): name that one, or add the ServiceAccount',
  aliases: ['KIA0106'],
});

const messages = { WFT1015 };
type Policy = Resource<AuthorizationPolicy>;

/** A value that stands for callers, and where it is written. */
interface Caller {
  value: string;
  what: 'principal' | 'service account';
  path: Path;
  negated: boolean;
}

/** AuthorizationPolicy.rules[].from[].source and when[] of the keys source.principal and source.serviceAccount (SEC-R24, SEC-R28). */
export default defineAnalyzer({
  name: 'weft.AuthorizationPrincipalAnalyzer',
  summary: 'service accounts that authorization policies name exist',
  reads: ['AuthorizationPolicy', 'MeshConfig', 'Namespace', 'Service', ...kindsWithAccounts],
  preset: 'recommended',
  messages,
  check(context) {
    const { mesh, report } = context;
    for (const policy of mesh.list('AuthorizationPolicy')) {
      for (const { value, what, path, negated } of callersOf(policy)) {
        const effect = effectOfDeadValue(policy.spec, negated);
        if (what === 'principal' && value.startsWith(spiffeScheme)) {
          const problem = `Istio puts ${spiffeScheme} in front of it itself`;
          report('WFT1015', policy, path, { what, value, problem }, { ...meant(value.slice(spiffeScheme.length), path), effect });
          continue;
        }
        const identity = what === 'principal' ? parsePrincipal(value, mesh.meshConfig) : parseServiceAccount(value, policy.namespace);
        const found = identity && problemOf(context, policy, identity, value, path);
        if (found) report('WFT1015', policy, path, { what, value, problem: found.problem }, { ...found.extra, effect });
      }
    }
  },
});

function* callersOf({ spec }: Policy): Generator<Caller> {
  for (const [r, rule] of (spec.rules ?? []).entries()) {
    for (const [f, from] of (rule?.from ?? []).entries()) {
      const path = ['spec', 'rules', r, 'from', f, 'source'];
      const { principals, notPrincipals, serviceAccounts, notServiceAccounts } = from?.source ?? {};
      yield* each(principals, 'principal', [...path, 'principals'], false);
      yield* each(notPrincipals, 'principal', [...path, 'notPrincipals'], true);
      yield* each(serviceAccounts, 'service account', [...path, 'serviceAccounts'], false);
      yield* each(notServiceAccounts, 'service account', [...path, 'notServiceAccounts'], true);
    }
    for (const [w, when] of (rule?.when ?? []).entries()) {
      const what = when?.key === 'source.principal' ? 'principal' : when?.key === 'source.serviceAccount' ? 'service account' : undefined;
      if (!what) continue;
      yield* each(when?.values, what, ['spec', 'rules', r, 'when', w, 'values'], false);
      yield* each(when?.notValues, what, ['spec', 'rules', r, 'when', w, 'notValues'], true);
    }
  }
}

function* each(values: readonly string[] = [], what: Caller['what'], path: Path, negated: boolean): Generator<Caller> {
  for (const [i, value] of values.entries()) yield { value, what, path: [...path, i], negated };
}

interface Found {
  problem: string;
  extra: ReportExtra;
}

function problemOf(
  { mesh, knows }: Context<typeof messages>,
  policy: Policy,
  { namespace, account, prefix }: Identity,
  value: string,
  path: Path,
): Found | undefined {
  const accounts = ServiceAccounts.of(mesh);
  const exists = prefix ? accounts.hasPrefix(namespace, account) : accounts.has(namespace, account);
  const namespaces = knownNamespaces(mesh);
  if (namespace !== policy.namespace && !namespaces.has(namespace)) {
    // An account of any namespace shows that there is one; the accounts that every namespace has do not.
    const shown = exists && account !== '' && account !== 'default';
    if (shown || !knows('Namespace')) return undefined;
    const near = mesh.memo('namespaces by near names', ['Namespace'], () => new NearestIndex(namespaces)).find(namespace);
    return { problem: `namespace "${namespace}" does not exist`, extra: meant(near, path, near && replaceNamespace(value, namespace, near)) };
  }
  if (exists || !knows('ServiceAccount') || !showsAccounts(mesh, namespace)) return undefined;
  if (prefix) return { problem: `no service account of ${namespaceInWords(namespace)} begins with "${account}"`, extra: {} };
  const near = nearAccounts(mesh, accounts, namespace).find(account);
  return {
    problem: `${namespaceInWords(namespace)} has no service account "${account}"`,
    extra: meant(near, path, near && value.slice(0, value.length - account.length) + near),
  };
}

/** Parts of an installation are seldom in the input: only a namespace that shows one of its accounts shows them all. */
function showsAccounts(mesh: Mesh, namespace: string): boolean {
  return mesh.options.assume === 'complete' || mesh.listIn('ServiceAccount', namespace).length > 0;
}

function nearAccounts(mesh: Mesh, accounts: ServiceAccounts, namespace: string): NearestIndex {
  const indexes = mesh.memo('service accounts by near names', kindsWithAccounts, () => new Map<string, NearestIndex>());
  let index = indexes.get(namespace);
  if (!index) {
    index = new NearestIndex(accounts.names(namespace));
    indexes.set(namespace, index);
  }
  return index;
}

function replaceNamespace(value: string, namespace: string, by: string): string {
  const isPath = value.includes('/ns/') || value.startsWith('*ns/');
  return isPath ? value.replace(`ns/${namespace}/`, () => `ns/${by}/`) : by + value.slice(namespace.length);
}
