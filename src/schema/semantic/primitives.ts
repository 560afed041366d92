// Rules that many kinds share (spec/analyze/validation.md, "Shared primitives").
import type { Path } from '../../manifest/problem.ts';
import { parseDuration } from '../duration.ts';
import type { ProblemSink } from './validator.ts';

const dnsLabel = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/;
const wildcardLabel = /^(?:\*|\*?[-a-zA-Z0-9]*[a-zA-Z0-9]|\*-?[-a-zA-Z0-9]*[a-zA-Z0-9])$/;

/** A DNS 1123 label: up to 63 letters, digits and dashes, no dash at either end. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && dnsLabel.test(text);
}

/** A first label that may be `*` or begin with it: `*`, `*-foo`, `*foo`. */
export function isWildcardLabel(text: string): boolean {
  return text.length <= 63 && (isDnsLabel(text) || wildcardLabel.test(text));
}

function checkLabels(domain: string, first: (label: string) => boolean): string | undefined {
  if (domain.length > 255) return `domain name "${domain}" is longer than 255 characters`;
  if (domain === '') return 'the domain name is empty';
  const labels = domain.split('.');
  if (labels.length > 1 && labels[labels.length - 1] === '') labels.pop();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as string;
    if (i === labels.length - 1 && /^\d+$/.test(label)) return `the top level domain "${label}" of "${domain}" is a number`;
    if (!(i === 0 ? first(label) : isDnsLabel(label))) {
      return `domain name "${domain}" is not valid: "${label}" is not a DNS label (letters, digits and dashes, no dash at either end)`;
    }
  }
  return undefined;
}

/** What is wrong with a fully qualified (or short) domain name; undefined when nothing is. */
export function fqdnProblem(domain: string): string | undefined {
  return checkLabels(domain, isDnsLabel);
}

/** As fqdnProblem, but the first label may be or begin with `*`. */
export function wildcardDomainProblem(domain: string): string | undefined {
  return checkLabels(domain, isWildcardLabel);
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
    sink.error(path, `a duration of ${duration} is too short; the least is 1ms`, { same: 'duration must be greater than 1ms' });
  } else if (nanoseconds % 1e6 !== 0) {
    sink.error(path, `a duration of ${duration} is finer than whole milliseconds`, { same: 'only durations to ms precision are supported' });
  }
}

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

export function isIpv4(text: string): boolean {
  return ipv4.test(text);
}

/** An IPv6 address without brackets; a zone (`%eth0`) is allowed. */
export function isIpv6(text: string): boolean {
  const [address = '', zone] = text.split('%', 2);
  if (zone === '' || !address.includes(':')) return false;
  const halves = address.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (let h = 0; h < halves.length; h++) {
    const half = halves[h] as string;
    if (half === '') continue;
    const parts = half.split(':');
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as string;
      const last = h === halves.length - 1 && i === parts.length - 1;
      if (last && part.includes('.')) {
        if (!isIpv4(part)) return false;
        groups += 2;
      } else if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return false;
      else groups++;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

export function isIp(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

/** `10.0.0.0/8`, `fd00::/8`. */
export function isCidr(text: string): boolean {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return false;
  const address = text.slice(0, slash);
  const bits = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(bits) || address.includes('%')) return false;
  return isIpv4(address) ? Number(bits) <= 32 : isIpv6(address) && Number(bits) <= 128;
}

const tagPrefix = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const tagName = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** Keys and values of labels as Kubernetes has them. */
export function checkLabelMap(sink: ProblemSink, path: Path, labels: Readonly<Record<string, string>> | undefined): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    const problem = labelProblem(key, value);
    if (problem) sink.error([...path, key], problem);
  }
}

/** What is wrong with one label; undefined when nothing is. */
export function labelProblem(key: string, value: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = slash < 0 ? key : key.slice(slash + 1);
  const prefixOk = prefix === undefined || (prefix.length <= 253 && tagPrefix.test(prefix.toLowerCase()));
  if (!prefixOk || name.length > 63 || !tagName.test(name)) return `"${key}" is not a valid label key`;
  if (value !== '' && (value.length > 63 || !tagName.test(value))) return `"${value}" is not a valid label value (of the key ${key})`;
  return undefined;
}

/** Selector labels: no empty key, no wildcard; a selector without labels is worth a warning. */
export function checkSelector(sink: ProblemSink, path: Path, selector: { labels: Readonly<Record<string, string>> | undefined; field: string } | undefined): void {
  if (!selector) return;
  const entries = Object.entries(selector.labels ?? {});
  for (const [key, value] of entries) {
    const at = [...path, selector.field, key];
    if (key === '') sink.error(at, `a selector cannot have an empty key: "${key}=${value}"`);
    if (key.includes('*') || value.includes('*')) sink.error(at, `a selector cannot have a wildcard: "${key}=${value}"`);
  }
  if (entries.length === 0) {
    sink.warning(path, 'the selector has no labels, so it applies to every workload of the namespace', { same: 'workload selector specified without labels' });
  }
}

/**
 * exportTo of a namespaced resource: `.`, `*`, or namespaces, each once, `*` alone.
 *
 * @param allowNone `~` is allowed (ServiceEntry), alone
 */
export function checkExportTo(sink: ProblemSink, exportTo: readonly string[] | undefined, namespace: string, options: { allowNone?: boolean; ownNamespaceOnly?: boolean } = {}): void {
  if (!exportTo || exportTo.length === 0) return;
  const path: Path = ['exportTo'];
  if (options.ownNamespaceOnly && (exportTo.length > 1 || (exportTo[0] !== '.' && exportTo[0] !== namespace))) {
    sink.error(path, 'a destination rule with a workload selector is for its own namespace only, so exportTo has to be "."', {
      same: 'workload selector exportTo',
    });
    return;
  }
  const seen = new Set<string>();
  for (let i = 0; i < exportTo.length; i++) {
    const entry = exportTo[i] as string;
    const full = entry === '.' ? namespace : entry;
    if (seen.has(full)) sink.error([...path, i], `exportTo names ${full === '' ? '"."' : full} twice`);
    seen.add(full);
    if (entry !== '.' && entry !== '*' && !(entry === '~' && options.allowNone) && !isDnsLabel(entry)) {
      sink.error([...path, i], 'an exportTo entry is "." (this namespace), "*" (all) or the name of a namespace', { same: 'exportTo entry' });
    }
  }
  if (seen.has('*') && seen.size > 1) sink.error(path, 'exportTo cannot have "*" (all namespaces) beside others', { same: 'public and non-public' });
  if (seen.has('~') && seen.size > 1) sink.error(path, 'exportTo cannot have "~" (no namespace) beside others', { same: 'none and others' });
}
