import type { AuthorizationPolicy, Operation, Rule, Source } from '../../manifest/istio/security.gen.ts';
import { formatPath, type Path } from '../../manifest/problem.ts';
import { checkCondition } from './authorization-condition.ts';
import { checkAddresses, checkNotEmpty, checkPathTemplates, checkPorts, checkServiceAccounts, reportValues, type ValueRule } from './authorization-values.ts';
import { itemsOf } from './primitives.ts';
import { checkTargets } from './target-reference.ts';
import type { ProblemSink, Validator } from './validator.ts';

/** Checks an AuthorizationPolicy. Errors name it as `NAME.NAMESPACE`. */
export const validateAuthorizationPolicy: Validator<AuthorizationPolicy> = (spec, plainSink, target) => {
  const sink = plainSink.withErrorPrefix(`policy ${target.name}.${target.namespace}: `);
  checkTargets(sink, spec);
  const rules = itemsOf(spec.rules);
  checkAction(sink, spec, rules);
  rules.forEach((rule, i) => {
    checkRule(sink, ['rules', i], rule);
    if (spec.action === 'DENY' && isOnlyAboutHttp(rule)) {
      sink.warning(
        ['rules', i],
        'this DENY rule has only HTTP attributes, which TCP connections do not have, so it will deny all traffic to TCP ports in the scope of the policy',
        { same: 'DENY rule of HTTP attributes only', help: 'name the ports that it is about in to.operation.ports' },
      );
    }
  });
};

function checkAction(sink: ProblemSink, spec: AuthorizationPolicy, rules: readonly Rule[]): void {
  const { action = 'ALLOW', provider } = spec;
  if ((action === 'CUSTOM' || action === 'DENY') && rules.length === 0) {
    sink.error(['action'], `a ${action} policy without rules never does anything`, { help: 'add an empty rule, rules: [{}], if it is for every request' });
  } else if (action === 'CUSTOM' && !provider?.name) {
    sink.error(['provider', 'name'], 'a CUSTOM policy needs a provider.name', { help: 'name one of the extensionProviders of the mesh configuration' });
  }
  if (action === 'CUSTOM') {
    rules.forEach((rule, i) => {
      checkCustomRule(sink, ['rules', i], rule);
    });
  } else if (provider) {
    sink.error(['provider'], `only a CUSTOM policy has a provider, and the action of this one is ${action}`, { same: 'provider without CUSTOM' });
  }
}

/** Identities, which the external authorizer has to check itself. */
const notForCustom = {
  namespaces: 'From.Namespaces',
  notNamespaces: 'From.NotNamespaces',
  serviceAccounts: 'From.ServiceAccounts',
  notServiceAccounts: 'From.NotServiceAccounts',
  principals: 'From.Principals',
  notPrincipals: 'From.NotPrincipals',
  requestPrincipals: 'From.RequestPrincipals',
  notRequestPrincipals: 'From.NotRequestPrincipals',
} as const;

function checkCustomRule(sink: ProblemSink, path: Path, rule: Rule): void {
  const refuse = (at: Path, name: string): void => {
    sink.error(at, `a CUSTOM policy cannot use ${name}, and ${formatPath(at)} does`, {
      same: `${name} in a CUSTOM policy`,
      help: 'let the external authorizer decide about identities, or put them into an ALLOW or DENY policy beside this one',
    });
  };
  itemsOf(rule.from).forEach(({ source = {} }, i) => {
    for (const [field, name] of Object.entries(notForCustom)) {
      if (source[field as keyof Source]?.length) refuse([...path, 'from', i, 'source', field], name);
    }
  });
  itemsOf(rule.when).forEach(({ key = '' }, i) => {
    if (['source.namespace', 'source.serviceAccount', 'source.principal'].includes(key) || key.startsWith('request.auth.')) refuse([...path, 'when', i], key);
  });
}

function checkRule(sink: ProblemSink, path: Path, rule: Rule): void {
  itemsOf(rule.from).forEach(({ source }, i) => {
    const at = [...path, 'from', i];
    if (!source) sink.error(at, `from.source is missing in ${formatPath(at)}`, { same: `${path.join('.')} from.source missing` });
    else checkSource(sink, [...at, 'source'], source, path);
  });
  itemsOf(rule.to).forEach(({ operation }, i) => {
    const at = [...path, 'to', i];
    if (!operation) sink.error(at, `to.operation is missing in ${formatPath(at)}`, { same: `${path.join('.')} to.operation missing` });
    else checkOperation(sink, [...at, 'operation'], operation, path);
  });
  itemsOf(rule.when).forEach((condition, i) => {
    checkCondition(sink, [...path, 'when', i], condition);
  });
}

const sourceFields: Readonly<Record<keyof Source, readonly ValueRule[]>> = {
  principals: [checkNotEmpty],
  notPrincipals: [checkNotEmpty],
  requestPrincipals: [checkNotEmpty],
  notRequestPrincipals: [checkNotEmpty],
  namespaces: [checkNotEmpty],
  notNamespaces: [checkNotEmpty],
  serviceAccounts: [checkServiceAccounts],
  notServiceAccounts: [checkServiceAccounts],
  ipBlocks: [checkAddresses, checkNotEmpty],
  notIpBlocks: [checkAddresses, checkNotEmpty],
  remoteIpBlocks: [checkAddresses, checkNotEmpty],
  notRemoteIpBlocks: [checkAddresses, checkNotEmpty],
};

function checkSource(sink: ProblemSink, path: Path, source: Source, rule: Path): void {
  const has = (field: keyof Source): boolean => (source[field]?.length ?? 0) > 0;
  if ((has('serviceAccounts') || has('notServiceAccounts')) && (has('principals') || has('notPrincipals') || has('namespaces') || has('notNamespaces'))) {
    sink.error(path, `${formatPath(path)} has serviceAccounts beside namespaces or principals, and a source has one or the other`, {
      same: `${rule.join('.')} serviceAccounts with others`,
      help: 'write namespace/serviceAccount in serviceAccounts instead of naming the namespace apart',
    });
  }
  checkLists(sink, path, { ...source }, sourceFields, `${rule.join('.')} from.source`);
}

const operationFields: Readonly<Record<keyof Operation, readonly ValueRule[]>> = {
  ports: [checkPorts, checkNotEmpty],
  notPorts: [checkPorts, checkNotEmpty],
  methods: [checkNotEmpty],
  notMethods: [checkNotEmpty],
  hosts: [checkNotEmpty],
  notHosts: [checkNotEmpty],
  paths: [checkNotEmpty, checkPathTemplates],
  notPaths: [checkNotEmpty, checkPathTemplates],
};

function checkOperation(sink: ProblemSink, path: Path, operation: Operation, rule: Path): void {
  checkLists(sink, path, { ...operation }, operationFields, `${rule.join('.')} to.operation`);
}

type Lists = Readonly<Partial<Record<string, readonly string[]>>>;

function checkLists(sink: ProblemSink, path: Path, lists: Lists, fields: Readonly<Record<string, readonly ValueRule[]>>, same: string): void {
  let empty = true;
  for (const [field, rules] of Object.entries(fields)) {
    const values = lists[field];
    if (!values?.length) continue;
    empty = false;
    for (const rule of rules) reportValues(sink, [...path, field], values, rule);
  }
  if (empty) {
    const kind = path[path.length - 1] === 'source' ? 'from.source' : 'to.operation';
    sink.error(path, `${kind} is empty in ${formatPath(path)}: it has none of ${Object.keys(fields).join(', ')}`, { same: `${same} empty` });
  }
}

const tcpSourceFields = Object.keys(sourceFields).filter((field) => field !== 'requestPrincipals' && field !== 'notRequestPrincipals') as (keyof Source)[];

/** Nothing in the rule can be told of a TCP connection: neither where it comes from nor the port it goes to. */
function isOnlyAboutHttp(rule: Rule): boolean {
  const sources = itemsOf(rule.from).flatMap(({ source }) => source ?? []);
  const operations = itemsOf(rule.to).flatMap(({ operation }) => operation ?? []);
  if (operations.length > 0) return !operations.some((o) => (o.ports?.length ?? 0) + (o.notPorts?.length ?? 0) > 0);
  return sources.length > 0 && !sources.some((s) => tcpSourceFields.some((field) => (s[field]?.length ?? 0) > 0));
}
