import { loadSource } from '../../manifest/load.ts';
import type { SourceText } from '../../manifest/resource.ts';
import { KnownValues } from '../../redact/known-values.ts';
import { learnSecret, learnText } from '../../redact/learn.ts';
import { Redactor } from '../../redact/redactor.ts';
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
  const count = new Tally();
  const text = redactor.text(new Redactor(own).text(source.text, count), count);
  const rest = new Tally();
  const anew = redactor.value(text, rest);
  tally.add(count);
  tally.add(rest);
  return rest.total === 0 ? text : anew;
}
