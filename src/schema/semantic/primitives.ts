// Rules that many kinds share (spec/analyze/validation.md, "Shared primitives").
import { parseDuration } from '../../manifest/duration.ts';
import type { Path } from '../../manifest/problem.ts';
import type { ProblemSink } from './validator.ts';

export { isCidr, isIp, isIpv4, isIpv6 } from '../../manifest/ip.ts';

const dnsLabel = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const wildcardLabel = /^(?:\*|(?:\*-?)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/;

/** A DNS 1123 label: up to 63 letters, digits and dashes, no dash at either end. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && dnsLabel.test(text);
}

/** A first label that may be `*` or begin with it: `*`, `*-foo`, `*foo`. */
export function isWildcardLabel(text: string): boolean {
  return text.length <= 63 && wildcardLabel.test(text);
}

interface DomainProblem {
  text: string;
  /** As in ProblemExtra: the reference names the part of the domain that it looked at. */
  same: string;
}

/** The labels of a domain after the first `from` ones, which were checked before; the last may be empty (`istio.io.`). */
function labelsProblem(domain: string, from: number): DomainProblem | undefined {
  const labels = domain.split('.').slice(from);
  const rest = labels.join('.');
  const top = labels[labels.length - 1] as string;
  if (/^\d+$/.test(top)) return { text: `domain name "${domain}" is not valid: its top level domain "${top}" is a number`, same: `top level domain ${rest}` };
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as string;
    if (i === labels.length - 1 && label === '') return undefined;
    if (!isDnsLabel(label)) return notALabel(domain, label, rest);
  }
  return undefined;
}

function notALabel(domain: string, label: string, rest: string): DomainProblem {
  return {
    text: `domain name "${domain}" is not valid: "${label}" is not a DNS label (letters, digits and dashes, no dash at either end)`,
    same: `domain name ${rest} ${label}`,
  };
}

function lengthProblem(domain: string): DomainProblem | undefined {
  if (domain === '') return { text: 'empty domain name', same: 'empty domain name' };
  if (domain.length <= 255) return undefined;
  return { text: `domain name "${domain}" is longer than 255 characters`, same: `long domain name ${domain}` };
}

/** Most domains: lower case, no wildcard. What it does not take may still be fine. */
const plainDomain = /^(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

function isPlainDomain(domain: string): boolean {
  return domain.length <= 255 && plainDomain.test(domain);
}

function fqdn(domain: string): DomainProblem | undefined {
  if (isPlainDomain(domain)) return undefined;
  return lengthProblem(domain) ?? labelsProblem(domain, 0);
}

function wildcardDomain(domain: string): DomainProblem | undefined {
  if (isPlainDomain(domain)) return undefined;
  const first = domain.split('.', 1)[0] as string;
  const problem = lengthProblem(domain);
  if (problem) return problem;
  if (!isWildcardLabel(first)) return notALabel(domain, first, domain);
  return first === domain ? undefined : labelsProblem(domain, 1);
}

/** What is wrong with a fully qualified (or short) domain name; undefined when nothing is. */
export function fqdnProblem(domain: string): string | undefined {
  return fqdn(domain)?.text;
}

/** As fqdnProblem, but the first label may be or begin with `*`. */
export function wildcardDomainProblem(domain: string): string | undefined {
  return wildcardDomain(domain)?.text;
}

export function checkFqdn(sink: ProblemSink, path: Path, domain: string): void {
  const problem = fqdn(domain);
  if (problem) sink.error(path, problem.text, { same: problem.same });
}

export function checkWildcardDomain(sink: ProblemSink, path: Path, domain: string): void {
  const problem = wildcardDomain(domain);
  if (problem) sink.error(path, problem.text, { same: problem.same });
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}

export function checkPort(sink: ProblemSink, path: Path, port: number | undefined): void {
  const number = port ?? 0;
  if (!isPort(number)) sink.error(path, `port number ${number} is out of range; ports go from 1 to 65535`);
}

/** At least 1ms, in whole milliseconds; absent is fine. */
export function checkDuration(sink: ProblemSink, path: Path, duration: string | undefined): void {
  if (duration === undefined) return;
  const nanoseconds = parseDuration(duration) ?? 0;
  if (nanoseconds < 1e6) {
    sink.error(path, `duration ${duration} is too short; the least is 1ms`, { same: 'duration must be greater than 1ms' });
  } else if (nanoseconds % 1e6 !== 0) {
    sink.error(path, `only whole milliseconds are possible, and the duration is ${duration}`, { same: 'only durations to ms precision are supported' });
  }
}

const tagPrefix = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const tagName = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** Keys and values of labels as Kubernetes has them, but for the length of values, which the reference does not check. */
export function checkLabelMap(sink: ProblemSink, path: Path, labels: Readonly<Record<string, string>> | undefined): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const problem of labelProblems(key, value)) sink.error([...path, key], problem.text, { same: problem.same });
  }
}

/** What is wrong with one label. */
export function labelProblems(key: string, value: string): { text: string; same: string }[] {
  const problems = [];
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = slash < 0 ? key : key.slice(slash + 1);
  const prefixOk = prefix === undefined || (prefix.length <= 253 && tagPrefix.test(prefix.toLowerCase()));
  if (!prefixOk || name.length > 63 || !tagName.test(name)) problems.push({ text: `invalid label key "${key}"`, same: `label key ${key}` });
  if (value !== '' && !tagName.test(value)) {
    problems.push({ text: `invalid label value "${value}" of the key ${key}`, same: `label value ${value}` });
  }
  return problems;
}

/**
 * Selector labels: no empty key, no wildcard; a selector without labels is worth a warning.
 *
 * @returns whether there is no error
 */
export function checkSelector(
  sink: ProblemSink,
  path: Path,
  selector: { labels: Readonly<Record<string, string>> | undefined; field: string } | undefined,
): boolean {
  if (!selector) return true;
  const before = sink.problems.length;
  const entries = Object.entries(selector.labels ?? {});
  for (const [key, value] of entries) {
    const at = [...path, selector.field, key];
    if (key === '') sink.error(at, `empty key in the selector: "${key}=${value}"`);
    if (key.includes('*') || value.includes('*')) sink.error(at, `wildcard in the selector: "${key}=${value}"; labels are compared as they are`);
  }
  if (entries.length === 0) {
    sink.warning(path, 'the selector has no labels, so it applies to every workload of the namespace', { same: 'workload selector specified without labels' });
    return true;
  }
  return sink.problems.length === before;
}

/**
 * exportTo of a namespaced resource: `.`, `*`, or namespaces, each once, `*` alone.
 *
 * @param allowNone `~` is allowed (ServiceEntry), alone
 * @param ownNamespaceOnly nothing but the own namespace is allowed (DestinationRule with a workload selector)
 */
export function checkExportTo(
  sink: ProblemSink,
  exportTo: readonly string[] | undefined,
  namespace: string,
  options: { allowNone?: boolean; ownNamespaceOnly?: boolean } = {},
): void {
  if (!exportTo || exportTo.length === 0) return;
  const path: Path = ['exportTo'];
  const seen = new Set<string>();
  exportTo.forEach((entry, i) => {
    const full = entry === '.' ? namespace : entry;
    const problem = seen.has(full) ? duplicateExport(entry, namespace) : exportProblem(entry, full, options.allowNone === true);
    if (problem) sink.error([...path, i], problem.text, { same: problem.same });
    else seen.add(full);
  });
  if (options.ownNamespaceOnly && seen.size > 0) {
    if (!seen.has(namespace)) {
      sink.error(path, 'destination rule with a workload selector is for its own namespace only, so exportTo has to be "."', {
        same: 'selector exportTo beyond',
      });
    } else if (seen.size > 1) {
      sink.error(path, 'destination rule with a workload selector is for its own namespace only, so exportTo cannot name more than "."', {
        same: 'selector exportTo multiple',
      });
    }
  }
  if (seen.has('*') && exportTo.length > 1) sink.error(path, 'cannot have "*" (all namespaces) beside others in exportTo', { same: 'public and non-public' });
  if (seen.has('~') && exportTo.length > 1) sink.error(path, 'cannot have "~" (no namespace) beside others in exportTo', { same: 'none and others' });
}

function duplicateExport(entry: string, namespace: string): { text: string; same: string } {
  if (entry === '.')
    return { text: `duplicate entry in exportTo: "." is the namespace ${namespace}, which is there already`, same: 'exportTo own namespace twice' };
  return { text: `duplicate entry in exportTo: ${entry}`, same: `exportTo ${entry} twice` };
}

function exportProblem(entry: string, full: string, allowNone: boolean): { text: string; same: string } | undefined {
  if (entry === '*' || isDnsLabel(full) || (entry === '~' && allowNone)) return undefined;
  if (entry === '~') return { text: 'exportTo "~" (no namespace) is for service entries only', same: 'exportTo none' };
  const same = 'exportTo entry';
  if (entry === '.') return { text: 'exportTo "." is the namespace of the resource, which has none (a DNS 1123 label)', same };
  return { text: `exportTo entry "${entry}" is not "." (this namespace), "*" (all) or the name of a namespace, a DNS 1123 label`, same };
}

/** The items of a list of messages. A null item is an empty message, as in the reference. */
export function itemsOf<T extends object>(list: readonly (T | null)[] | undefined): T[] {
  return (list ?? []).map((item) => item ?? ({} as T));
}
