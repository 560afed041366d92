// The policies that a proxy asks, as far as the filters of its listeners tell: which, with what action, by how many rules.
import { field, isJson, type Json, message, messages, text, typeName } from './json.ts';

/** One policy with one action. */
export interface PolicyInForce {
  action: 'CUSTOM' | 'AUDIT' | 'DENY' | 'ALLOW';
  /** It is only logged what it would do. */
  dryRun: boolean;
  namespace: string;
  name: string;
  rules: number;
}

/** `ns[shop]-policy[deny-post]-rule[0]`, with `istio-ext-authz-` in front where a provider is asked. */
const ruleName = /^(istio-ext-authz-)?ns\[(.*)\]-policy\[(.*)\]-rule\[\d+\]/;

const order: readonly PolicyInForce['action'][] = ['CUSTOM', 'AUDIT', 'DENY', 'ALLOW'];

/** Of all listeners together, in the order in which they are asked; a rule that is at several of them counts once. */
export function policiesInForce(listeners: readonly Json[]): PolicyInForce[] {
  const found = new Map<string, { policy: PolicyInForce; rules: Set<string> }>();
  for (const { action, dryRun, names } of listeners.flatMap(rbacOf)) {
    for (const name of names) {
      const [, custom, namespace = '', policy = ''] = ruleName.exec(name) ?? [];
      const own = custom ? 'CUSTOM' : action;
      const of: PolicyInForce = { action: own, dryRun: dryRun && own !== 'CUSTOM', namespace, name: policy === '' ? name : policy, rules: 0 };
      const key = JSON.stringify(of);
      const known = found.get(key) ?? { policy: of, rules: new Set() };
      found.set(key, known);
      known.rules.add(name);
    }
  }
  return inOrder([...found.values()].map(({ policy, rules }) => ({ ...policy, rules: rules.size })));
}

/** In the order in which they are asked, then by name. */
export function inOrder(policies: readonly PolicyInForce[]): PolicyInForce[] {
  const place = ({ action, dryRun, namespace, name }: PolicyInForce): string => `${order.indexOf(action)} ${dryRun ? 1 : 0} ${namespace}/${name}`;
  return [...policies].sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** A listener lets in nobody by rules that allow, for there is none. */
export function allowsNothing(listeners: readonly Json[]): boolean {
  return listeners.flatMap(rbacOf).some(({ action, dryRun, names }) => action === 'ALLOW' && !dryRun && names.length === 0);
}

interface Rbac {
  action: 'AUDIT' | 'DENY' | 'ALLOW';
  dryRun: boolean;
  names: string[];
}

function rbacOf(listener: Json): Rbac[] {
  const last = message(listener, 'default_filter_chain');
  const filters = [...messages(listener, 'filter_chains'), last]
    .flatMap((chain) => messages(chain, 'filters'))
    .map((filter) => message(filter, 'typed_config'));
  const ofHttp = filters.flatMap((config) => messages(config, 'http_filters')).map((filter) => message(filter, 'typed_config'));
  return [...filters, ...ofHttp]
    .filter((config) => typeName(config) === 'RBAC')
    .flatMap((config) => [
      ...(isJson(field(config, 'rules')) ? [rulesOf(message(config, 'rules'), false)] : []),
      ...(isJson(field(config, 'shadow_rules')) ? [rulesOf(message(config, 'shadow_rules'), true)] : []),
    ]);
}

function rulesOf(rules: Json, dryRun: boolean): Rbac {
  const action = text(rules, 'action');
  return { action: action === 'DENY' ? 'DENY' : action === 'LOG' ? 'AUDIT' : 'ALLOW', dryRun, names: Object.keys(message(rules, 'policies')) };
}
