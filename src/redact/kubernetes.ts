import { isMap } from '../model/untyped.ts';
import { certificateFacts, isPublicPem } from './certificates.ts';
import { textOf } from './encodings.ts';
import { isMark, mark } from './mark.ts';
import type { Tally } from './tally.ts';

/** Annotations that hold the whole object as it was applied. */
const copies: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'banzaicloud.com/last-applied',
  'objectset.rio.cattle.io/applied',
  'kapp.k14s.io/original',
  'pulumi.com/last-applied-configuration',
]);

export function isCopy(annotation: string): boolean {
  return copies.has(annotation);
}

export interface SecretValue {
  key: string;
  bytes: Buffer;
}

/** Whether an object is a Secret, as a server sends it or as it is written. */
export function isSecret(object: Readonly<Record<string, unknown>>): boolean {
  return object.kind === 'Secret' && (object.apiVersion === 'v1' || object.apiVersion === undefined) && !isMap(object.spec);
}

/** What is in a Secret; of what is no text nothing. */
export function valuesOf(secret: Readonly<Record<string, unknown>>): SecretValue[] {
  const of = (values: unknown, encoding: 'base64' | 'utf8'): SecretValue[] =>
    isMap(values) ? Object.entries(values).flatMap(([key, value]) => (typeof value === 'string' ? [{ key, bytes: Buffer.from(value, encoding) }] : [])) : [];
  return [...of(secret.data, 'base64'), ...of(secret.stringData, 'utf8')];
}

/** `data` or `stringData` of a Secret: its keys, how long each value is, and of certificates whose they are. */
export function withoutValues(values: Readonly<Record<string, unknown>>, encoding: 'base64' | 'utf8', tally: Tally): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => {
      if (value === null || value === '') return [key, value];
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      if (isMark(text)) return [key, text];
      const bytes = Buffer.from(text, encoding);
      const content = textOf(bytes) ?? '';
      tally.count('secret-data');
      const facts = content.includes('-----BEGIN CERTIFICATE-----') ? certificateFacts(content) : undefined;
      return [
        key,
        mark(
          `${bytes.length} bytes${facts === undefined ? '' : `, ${facts}`}${isPublicPem(content) ? '' : content.includes('PRIVATE KEY') ? ', private key' : ''}`,
        ),
      ];
    }),
  );
}
