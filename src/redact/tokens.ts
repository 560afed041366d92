// Tokens and keys that are known by their form, wherever they stand.
import { textOf } from './encodings.ts';
import type { Found } from './found.ts';
import type { Rule } from './tally.ts';

interface Form {
  pattern: RegExp;
  rule: Rule;
  what: string;
}

/** Keys of services, by what they begin with. */
const forms: readonly Form[] = [
  { pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g, rule: 'api-key', what: 'AWS access key' },
  { pattern: /\bAIza[\w-]{35}/g, rule: 'api-key', what: 'Google API key' },
  { pattern: /\bya29\.[\w-]{20,}/g, rule: 'api-key', what: 'Google token' },
  { pattern: /\bGOCSPX-[\w-]{20,}/g, rule: 'api-key', what: 'Google client secret' },
  { pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,})/g, rule: 'api-key', what: 'GitHub token' },
  { pattern: /\bgl(?:pat|dt|rt|ptt|cbt)-[\w-]{20,}/g, rule: 'api-key', what: 'GitLab token' },
  { pattern: /\bxox[abeoprs]-[\w-]{10,}/g, rule: 'api-key', what: 'Slack token' },
  { pattern: /\bhooks\.slack\.com\/services\/[\w/]{20,}/g, rule: 'api-key', what: 'Slack webhook' },
  { pattern: /\b[rsp]k_(?:live|test)_[A-Za-z0-9]{16,}/g, rule: 'api-key', what: 'Stripe key' },
  { pattern: /\bSG\.[\w-]{16,}\.[\w-]{16,}/g, rule: 'api-key', what: 'SendGrid key' },
  { pattern: /\bnpm_[A-Za-z0-9]{30,}/g, rule: 'api-key', what: 'npm token' },
  { pattern: /\bpypi-[\w-]{50,}/g, rule: 'api-key', what: 'PyPI token' },
  { pattern: /\bhv[sbr]\.[\w-]{20,}/g, rule: 'api-key', what: 'Vault token' },
  { pattern: /\bsk-[\w-]{30,}/g, rule: 'api-key', what: 'API key' },
  { pattern: /\bdckr_(?:pat|oat)_[\w-]{20,}/g, rule: 'api-key', what: 'Docker token' },
  { pattern: /\bdop_v1_[a-f0-9]{40,}/g, rule: 'api-key', what: 'DigitalOcean token' },
  { pattern: /\bAGE-SECRET-KEY-1[A-Z0-9]{50,}/g, rule: 'private-key', what: 'private key of age' },
];

/** Members of a JSON web key that only its owner has. */
const ofPrivateJwk = /(\\{0,8})"(?:d|p|q|dp|dq|qi|k)\1"\s*:\s*\1"([\w+/=-]{16,})\1"/g;

/** A header in base64 begins so, because it begins with `{"` or `{` and blanks. */
const headerStart = /eyJ|eyA|ewo|ewk/g;
const tokenPart = /[\w-]*/y;
const mostParts = 5;
const longestHeader = 4096;

export function tokens(text: string): Found[] {
  const found: Found[] = [];
  for (const { pattern, rule, what } of forms)
    for (const { index, 0: token } of text.matchAll(pattern)) found.push({ start: index, end: index + token.length, rule, what });
  found.push(...webTokens(text));
  if (text.includes('kty')) {
    for (const { index, 0: whole, 1: slashes = '', 2: value = '' } of text.matchAll(ofPrivateJwk)) {
      const end = index + whole.length - 1 - slashes.length;
      found.push({ start: end - value.length, end, rule: 'private-key', what: 'private part of a web key' });
    }
  }
  return found;
}

function webTokens(text: string): Found[] {
  const found: Found[] = [];
  headerStart.lastIndex = 0;
  /** Up to here there is no dot behind a header. */
  let dotless = 0;
  for (let match = headerStart.exec(text); match; match = headerStart.exec(text)) {
    const start = match.index;
    headerStart.lastIndex = start + 1;
    if (start < dotless) continue;
    let end = endOfPart(text, start);
    if (text[end] !== '.') {
      dotless = end;
      continue;
    }
    for (let parts = 1; parts < mostParts && text[end] === '.'; parts++) end = endOfPart(text, end + 1);
    const what = jwtIn(text.slice(start, end));
    if (what === undefined) continue;
    found.push({ start, end, rule: 'token', what });
    headerStart.lastIndex = end;
  }
  return found;
}

function endOfPart(text: string, start: number): number {
  tokenPart.lastIndex = start;
  tokenPart.test(text);
  return tokenPart.lastIndex;
}

/** In words, with when it ends; undefined for what is no token. */
function jwtIn(token: string): string | undefined {
  const [header = '', payload = ''] = token.split('.');
  // Others are no headers, however long.
  const head = header.length > longestHeader ? undefined : decoded(header);
  if (head === undefined || !/"(?:alg|enc|kid|typ)"/.test(head)) return undefined;
  const exp = /"exp"\s*:\s*(\d{9,11})(?!\d)/.exec(decoded(payload) ?? '')?.[1];
  return exp === undefined ? 'token' : `token, expires ${new Date(Number(exp) * 1000).toISOString().slice(0, 19)}Z`;
}

function decoded(part: string): string | undefined {
  return textOf(Buffer.from(part, 'base64url'));
}
