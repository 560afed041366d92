import { loadSource } from '../../manifest/load.ts';
import type { SourceText } from '../../manifest/resource.ts';
import { KnownValues } from '../../redact/known-values.ts';
import { learnSecret, learnText } from '../../redact/learn.ts';
import { documentsIn, Redactor } from '../../redact/redactor.ts';
import { Tally } from '../../redact/tally.ts';

/** Secrets that files have. */
export function secretsIn(sources: readonly SourceText[]): Record<string, unknown>[] {
  return sources
    .filter(({ text }) => text.includes('Secret'))
    .flatMap((source) => loadSource(source, { defaultNamespace: 'default' }).resources)
    .filter(({ kindName }) => kindName === 'Secret')
    .map(({ raw }) => raw);
}

/**
 * A file of manifests without what is secret in it, with its lines where they were, so that the places of findings hold. Where that
 * cannot be, its objects are written anew.
 *
 * @param isPublic of names, which are no secrets where a Secret has them, too
 */
export function cleanManifest(source: SourceText, redactor: Redactor, isPublic: (text: string) => boolean, tally: Tally): string {
  const own = new KnownValues(isPublic);
  for (const secret of secretsIn([source])) {
    learnSecret(own, secret);
    // As it is written in base64.
    for (const value of Object.values((secret.data ?? {}) as Record<string, unknown>)) if (typeof value === 'string') own.add(value, 'value of this Secret');
  }
  learnText(own, source.text, 'value');
  const inPlace = new Tally();
  const text = redactor.text(new Redactor(own).text(source.text, inPlace), inPlace);
  if (isClean(text, source.text, redactor)) {
    tally.add(inPlace);
    return text;
  }
  return redactor.value(source.text, tally);
}

/** Whether a text still has its documents, and nothing in them that is to be taken out. */
function isClean(text: string, before: string, redactor: Redactor): boolean {
  const documents = documentsIn(before);
  if (documents === undefined) return true;
  const rest = new Tally();
  redactor.value(text, rest);
  return rest.total === 0 && documentsIn(text)?.length === documents.length;
}
