import { isPublicPem } from './certificates.ts';
import { textOf } from './encodings.ts';
import type { KnownValues } from './known-values.ts';
import { valuesOf } from './kubernetes.ts';
import { isMark } from './mark.ts';
import { Redactor } from './redactor.ts';

/** Encodings in encodings that are looked into. */
const deepest = 3;

const publicBlocks = /-----BEGIN ((?:TRUSTED )?CERTIFICATE|X509 CRL|PUBLIC KEY|CERTIFICATE REQUEST)-----[\s\S]*?-----END \1-----/g;

const words = /[^\s"'`,;=&<>(){}[\]]{16,}/g;

/** Takes note of what is in a Secret, so that it is found elsewhere. */
export function learnSecret(known: KnownValues, secret: Readonly<Record<string, unknown>>): void {
  const { namespace = '', name = '' } = (secret.metadata ?? {}) as { namespace?: string; name?: string };
  for (const { key, bytes } of valuesOf(secret)) learnValue(known, bytes, `Secret ${namespace === '' ? '' : `${namespace}/`}${name} ${key}`);
}

/**
 * Takes note of what is secret in a text, such as a kubeconfig, and not of the text as a whole.
 *
 * @param what it is, for the marks
 */
export function learnText(known: KnownValues, text: string, what: string): void {
  // Structure first: names say what is secret.
  const redactor = new Redactor(undefined, (value) => learnValue(known, Buffer.from(value), what));
  redactor.value(text);
}

/** Takes note of what is secret in an object by its names and places. */
export function learnObject(known: KnownValues, object: object): void {
  const { kind = '', metadata } = object as { kind?: string; metadata?: { namespace?: string; name?: string } };
  const name = [metadata?.namespace, metadata?.name].filter(Boolean).join('/');
  new Redactor(undefined, (value) => learnValue(known, Buffer.from(value), `value in ${kind} ${name}`)).value(object);
}

function learnValue(known: KnownValues, bytes: Buffer, what: string, depth = 0): void {
  const text = textOf(bytes);
  if (text === undefined) {
    known.add(bytes, what);
    return;
  }
  if (isMark(text.trim()) || isPublicPem(text)) return;
  const rest = text.replace(publicBlocks, '').trim();
  if (rest === '') return;
  known.add(rest, what);
  if (rest !== text.trim()) known.add(bytes, what);
  if (rest.includes('PRIVATE KEY-----')) for (const line of rest.split('\n')) if (/^[A-Za-z0-9+/=]{24,}\s*$/.test(line)) known.add(line, what);
  if (depth >= deepest) return;
  const deeper = (value: string): void => {
    if (value !== text) learnValue(known, Buffer.from(value), what, depth + 1);
  };
  const isOneWord = !/\s/.test(rest);
  if (!isOneWord || /[{:=]/.test(rest)) {
    const redactor = new Redactor(undefined, deeper);
    redactor.value(rest);
    for (const [word] of rest.matchAll(words)) if (looksRandom(word)) deeper(word);
  }
  if (isOneWord && /^[A-Za-z0-9+/_-]{12,}={0,2}$/.test(rest)) {
    const decoded = textOf(Buffer.from(rest, 'base64'));
    if (decoded !== undefined && /^[\t\n\r -\u007e\u00a0-\uffff]{4,}$/.test(decoded)) {
      deeper(decoded);
      // Credentials of a registry, or of basic authentication.
      const password = /^[^\s:]+:(\S{4,})$/.exec(decoded)?.[1];
      if (password !== undefined) deeper(password);
    }
  }
}

/** A word of letters and digits in such a mix as names and addresses do not have. */
function looksRandom(word: string): boolean {
  if (!/\d/.test(word) || !/[A-Za-z]/.test(word) || /:\/\/|^[./]/.test(word) || /^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?::\d+)?(?:\/|$)/.test(word)) return false;
  return word.length >= 20 || (/[a-z]/.test(word) && /[A-Z]/.test(word));
}
