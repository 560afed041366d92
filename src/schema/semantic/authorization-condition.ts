// Conditions (`when`) of AuthorizationPolicy rules: which attributes there are, and what their values look like.
import type { Condition } from '../../manifest/istio/security.gen.ts';
import { formatPath, type Path } from '../../manifest/problem.ts';
import { type BadValue, checkAddresses, checkNotEmpty, checkPorts, checkServiceAccounts, type ValueRule } from './authorization-values.ts';
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
    return /^[^[]+\[.+\]$/s.test(key) ? undefined : `it has to end in a name in brackets, such as ${key.replace(/\[.*$/s, '')}[name]`;
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
  const wrongKey = keyProblem(key);
  for (const [field, list] of Object.entries({ values, notValues })) {
    const [empty] = checkNotEmpty(list, key);
    if (empty) reportBad(sink, [...path, field], key, list, [empty]);
    else if (wrongKey !== undefined) {
      const text = `the key ${key} of ${formatPath(path)} is not valid: ${wrongKey}; its values and notValues mean nothing`;
      // A key that is wrong is wrong for both lists, and the reference says so twice.
      sink.error([...path, 'key'], text, { same: `${field} of ${key}: ${wrongKey}` });
    } else reportBad(sink, [...path, field], key, list, (attributes[key] ?? anyValue)(list, key));
  }
}

/** The reference has one error for all values of a list. */
function reportBad(sink: ProblemSink, path: Path, key: string, values: readonly string[], bad: readonly BadValue[]): void {
  const [first] = bad;
  if (!first) return;
  const list = bad.map((b) => `${JSON.stringify(values[b.index])} ${b.text}`).join(', ');
  const at = bad.length === 1 ? [...path, first.index] : path;
  const field = path[path.length - 1];
  sink.error(at, `${formatPath(path)} of the key ${key} has ${bad.length} bad value${bad.length > 1 ? 's' : ''}: ${list}`, {
    same: `${field} of ${key}: ${list}`,
  });
}
