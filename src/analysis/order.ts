import { compareText } from '../manifest/compare-text.ts';
import { locate, positionAt, startOf } from '../manifest/position.ts';
import type { Finding } from './finding.ts';
import { levels } from './message.ts';

/** One-based line of a finding, as the reference would print it; undefined for what has no lines. */
export function lineOf(finding: Finding): number | undefined {
  const { document } = finding.resource;
  if (!document || document.source.json) return undefined;
  return positionAt(document.source, offsetOf(finding) ?? document.start).line;
}

/** Offset of the field that a finding is about; the start of the document where it is about the whole resource. */
export function offsetOf(finding: Finding): number | undefined {
  const { resource, path } = finding;
  if (!resource.document) return undefined;
  if (path !== undefined) {
    const found = locate(resource, path);
    if (found) return startOf(resource.document.source, found.place);
  } else if (resource.within.length > 0) {
    const found = locate(resource, []);
    if (found) return found.place.value.start;
  }
  return resource.document.start;
}

/** The line that the reference has for a finding: that of a field whose value is a text, a number or the like; else none. */
function fieldLine(finding: Finding): number | undefined {
  const found = finding.path && locate(finding.resource, finding.path);
  return found?.direct && found.place.scalar !== undefined ? lineOf(finding) : undefined;
}

/**
 * Sorts by level (worst first), code and resource; drops what would print the same twice.
 *
 * @param asReference as the reference does: one for equal texts of a resource. Those that name less come first, so that whoever
 *   pairs them with the reference's by the names in them, one after the other, gives no general one the partner of another
 */
export function orderFindings(findings: readonly Finding[], asReference: boolean): Finding[] {
  const seen = new Set<string>();
  const kept = findings.filter((f) => {
    const key = asReference
      ? `${f.code} ${f.resource.friendlyName} ${f.same ?? `${fieldLine(f)} ${f.words ?? f.text}`}`
      : `${f.code} ${f.resource.friendlyName} ${f.path?.join('.')} ${f.text}`;
    return !seen.has(key) && seen.add(key);
  });
  const place = (f: Finding): string => f.resource.document?.source.name ?? '';
  return kept.sort((a, b) => {
    return (
      levels.indexOf(b.level) - levels.indexOf(a.level) ||
      compareText(a.code, b.code) ||
      compareText(a.resource.kind, b.resource.kind) ||
      compareText(a.resource.name, b.resource.name) ||
      compareText(a.resource.namespace, b.resource.namespace) ||
      compareText(place(a), place(b)) ||
      (a.resource.document?.start ?? 0) - (b.resource.document?.start ?? 0) ||
      (asReference ? namesIn(a.text) - namesIn(b.text) : 0) ||
      compareText(a.text, b.text)
    );
  });
}

/** How many names and numbers a text has: what is in quotes or brackets, has a dot or the like in it, or is a number. */
function namesIn(text: string): number {
  return text.match(/"[^"]*"|`[^`]*`|\[[^\]]*\]|\S*\w[/.:+#=]\w\S*|\b\d+\b/g)?.length ?? 0;
}
