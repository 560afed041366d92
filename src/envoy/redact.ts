import { publicWebKeys } from './web-keys.ts';

/** Fields of Envoy's API that hold what nobody else may see, in the spelling of protocol buffers. */
const secret: ReadonlySet<string> = new Set([
  'client_secret',
  'generic_secret',
  'hmac',
  'hmac_secret',
  'password',
  'passwords',
  'pkcs12',
  'private_key',
  'secret',
  'session_ticket_keys',
  'token_secret',
]);

/** What holds the content itself; file names and names of secrets are no secrets. */
const content: ReadonlySet<string> = new Set(['inline_string', 'inline_bytes']);

/** Fields with the keys that verify tokens: in Envoy's API around their text, in a routing table the text itself. They are public, but for some. */
const webKeys: ReadonlySet<string> = new Set(['jwks', 'local_jwks']);

/** Whether a field of Envoy's API, in either spelling, holds what nobody else may see: itself, or what is written in place in it. */
export function isSecretField(field: string): boolean {
  return secret.has(snake(field));
}

const snake = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * A copy for people to read, of messages of Envoy's API or of a routing table: secrets are `[redacted]`, as in Envoy's own configuration dump, and
 * so are keys of tokens that are not public, which Envoy shows.
 */
export function redacted(value: unknown): unknown {
  return copy(value, undefined);
}

function copy(value: unknown, inside: 'secret' | 'keys' | undefined): unknown {
  if (Array.isArray(value)) return value.map((one) => copy(one, inside));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, one]) => {
      const name = snake(field);
      if (typeof one !== 'string') return [field, copy(one, inside ?? kindOf(name))];
      if (secret.has(name) || (inside === 'secret' && content.has(name))) return [field, '[redacted]'];
      if (name === 'jwks' || (inside === 'keys' && name === 'inline_string')) return [field, publicWebKeys(one)];
      // Written so that nobody can look into it here.
      return [field, inside === 'keys' && name === 'inline_bytes' ? '[redacted]' : one];
    }),
  );
}

function kindOf(name: string): 'secret' | 'keys' | undefined {
  if (secret.has(name)) return 'secret';
  return webKeys.has(name) ? 'keys' : undefined;
}
