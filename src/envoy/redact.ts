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

/** Whether a field of Envoy's API, in either spelling, holds what nobody else may see: itself, or what is written in place in it. */
export function isSecretField(field: string): boolean {
  return secret.has(snake(field));
}

const snake = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A copy for people to read: secrets are `[redacted]`, as in Envoy's own configuration dump. */
export function redacted(value: unknown, inSecret = false): unknown {
  if (Array.isArray(value)) return value.map((one) => redacted(one, inSecret));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([field, one]) => {
      const name = snake(field);
      if (typeof one === 'string' && (secret.has(name) || (inSecret && content.has(name)))) return [field, '[redacted]'];
      return [field, redacted(one, inSecret || secret.has(name))];
    }),
  );
}
