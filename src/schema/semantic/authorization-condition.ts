// Conditions (`when`) of AuthorizationPolicy rules: which attributes there are, and what their values look like.
import type { Condition } from '../../manifest/istio/security.gen.ts';
import { formatPath, type Path } from '../../manifest/problem.ts';
import { checkAddresses, checkNotEmpty, checkPorts, checkServiceAccounts, type ValueRule } from './authorization-values.ts';
import type { ProblemSink } from './validator.ts';

const anyValue: ValueRule = () => [];

/** Attributes by their whole name, with the rule for their values. */
const attributes: Readonly<Record<string, ValueRule>> = {
  'source.ip': checkAddresses,
  'remote.ip': checkAddresses,
  'source.namespace': anyValue,
  'source.serviceAccount': checkServiceAccounts,
  'source.principal': anyValue,
  'request.auth.principal': anyValue,
  'request.auth.audiences': anyValue,
  'request.auth.presenter': anyValue,
  'destination.ip': checkAddresses,
  'destination.port': checkPorts,
  'connection.sni': anyValue,
};

/** Attributes that end in a name in brackets: `request.headers[x-user]`. */
const mapAttributes = ['request.headers', 'request.experimental.inline.headers', 'request.auth.claims', 'experimental.envoy.filters.'];

/** Attributes of old releases, and what replaces them. */
function retired(key: string): string | undefined {
  if (key === 'destination.namespace') return 'it is replaced by metadata.namespace: a policy applies to its own namespace';
  if (key.startsWith('destination.labels')) return 'it is replaced by the workload selector';
  if (key === 'destination.name' || key === 'destination.user') return 'it existed in v1alpha1 only; use the workload selector';
  return undefined;
}

/** What is wrong with a condition's key, whatever its values. */
function keyProblem(key: string): string | undefined {
  if (mapAttributes.some((prefix) => key.startsWith(prefix))) {
    return /^[^[]+\[.+\]$/s.test(key) ? undefined : `it has to end in a name in brackets, such as ${key.replace(/\[.*$/s, '')}[name]: a[b]`;
  }
  if (Object.hasOwn(attributes, key)) return undefined;
  return retired(key) ?? 'it is an unknown attribute';
}

export function checkCondition(sink: ProblemSink, path: Path, condition: Condition): void {
  const { key = '', values = [], notValues = [] } = condition;
  if (key === '') {
    sink.error([...path, 'key'], `${formatPath(path)} has no key`, { same: 'condition without a key' });
    return;
  }
  if (values.length === 0 && notValues.length === 0) {
    sink.error(path, `${formatPath(path)} with the key ${key} has neither values nor notValues`, { same: `condition ${key} without values` });
    return;
  }
  for (const [field, list] of [['values', values], ['notValues', notValues]] as const) checkList(sink, [...path, field], key, list);
}

/** The reference has one error for a list of values; a key that is wrong, is wrong for both lists. */
function checkList(sink: ProblemSink, path: Path, key: string, values: readonly string[]): void {
  const field = String(path[path.length - 1]);
  const [empty] = checkNotEmpty(values, key);
  const wrongKey = empty ? undefined : keyProblem(key);
  if (wrongKey !== undefined) {
    const at = values.length > 0 ? path : path.slice(0, -1);
    sink.error(at, `${formatPath(path)} cannot be compared: the key ${key} is not valid, ${wrongKey}`, { same: `${field} of ${key}: ${wrongKey}` });
    return;
  }
  const bad = empty ? [empty] : (attributes[key] ?? anyValue)(values, key);
  const [first] = bad;
  if (!first) return;
  const list = bad.map((b) => `${JSON.stringify(values[b.index])} ${b.text}`).join(', ');
  const at = bad.length === 1 ? [...path, first.index] : path;
  sink.error(at, `${formatPath(path)} of the key ${key} has ${bad.length} bad value${bad.length > 1 ? 's' : ''}: ${list}`, { same: `${field} of ${key}: ${list}` });
}
