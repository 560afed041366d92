// By the name of a field, a header, a variable or a flag: whether its value is a secret.

/** What a name with one of these words in it holds. */
const words: ReadonlySet<string> = new Set([
  'apikey',
  'authorization',
  'bearer',
  'cookie',
  'cookies',
  'credential',
  'credentials',
  'hmac',
  'passcode',
  'passphrase',
  'passwd',
  'password',
  'passwords',
  'privatekey',
  'pwd',
  'secret',
  'secretkey',
  'secrets',
  'sessionid',
  'token',
  'tokens',
]);

/** Words that say so when they end the name. */
const lastWords: ReadonlySet<string> = new Set(['pass', 'auth', 'otp', 'dsn', 'sas']);

/** `X key` is one; `key X` is not, but for `key data` of a kubeconfig. */
const beforeKey: ReadonlySet<string> = new Set(
  (
    'access account admin aes api app application auth client consumer data decryption deploy ecdsa encryption function hmac license master private ' +
    'root rsa secret server service session shared sign signing ssh ssl storage subscription tls webhook write'
  ).split(' '),
);

/** Pairs of other words. */
const pairs: ReadonlySet<string> = new Set(['secret id', 'session id', 'connection string']);

/** Names that end so tell something about a secret, or where it is. */
const tellAbout: ReadonlySet<string> = new Set(
  (
    'age alg algorithm at audience audiences bucket cert certificate cfg class conf config count crt dir directory duration enabled endpoint error errors ' +
    'exp expiration expires expiry field file filename files format header headers id index ini interval issuer jitter json kind length lifetime lua max mode name ' +
    'names namespace namespaces param parameter params path paths pem period policy prefix properties provider providers ratio reason ref refs refresh request requests ' +
    'required resource resources review reviews rotation scope scopes seconds selector sh size source sources status suffix template timeout toml total tpl ttl type ' +
    'types uri url usage version yaml yml'
  ).split(' '),
);

/** Fields of Istio, Kubernetes and weft that hold names of Secrets or what else sounds like one. */
const harmless: ReadonlySet<string> = new Set([
  'existingSecret',
  'forwardOriginalToken',
  'fromCookies',
  'fromHeaders',
  'fromParams',
  'from_cookies',
  'httpCookie',
  'http_cookie',
  'imagePullSecret',
  'imagePullSecrets',
  'pullSecret',
  'pullSecrets',
  'tokenAudience',
]);

/** A password may be as short as its owner wanted. */
const ofPasswords = /pass(?:w(?:or)?d|phrase|code)s?$|pwd$|pass$/i;

const known = new Map<string, boolean>();
const mostKnown = 10_000;

/** `db_password`, `X-Api-Key`, `clientSecret`, `request.headers[authorization]`; not `secretName`, `token_url`, `passwordFile`. */
export function isSecretName(name: string): boolean {
  if (name.length > 200) return false;
  let secret = known.get(name);
  if (secret === undefined) {
    secret = decide(name);
    if (known.size >= mostKnown) known.clear();
    known.set(name, secret);
  }
  return secret;
}

function decide(name: string): boolean {
  if (harmless.has(name)) return false;
  const parts = wordsOf(name);
  const last = parts.at(-1) ?? '';
  const isPair = (a: string, b: string): boolean => (b === 'key' && beforeKey.has(a)) || pairs.has(`${a} ${b}`);
  if (isPair(parts.at(-2) ?? '', last)) return true;
  if (tellAbout.has(last)) return false;
  if (lastWords.has(last) || words.has(last)) return true;
  return parts.some((part, i) => words.has(part) || isPair(part, parts[i + 1] ?? ''));
}

/** In small letters: of `dbPassword_v2` `db`, `password`, `v2`. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/\d+$/, ''))
    .filter((word) => word !== '');
}

const references = /^(?:\$\([\w.-]+\)|\$\{[^}]*\}|\$[A-Z_][A-Z0-9_]*|\{\{[^}]*\}\}|%[A-Z_]+(?:\([^()]*\))?%|(?:sds|kubernetes|secret|file):\/\/[\w./:-]*)$/;
const files =
  /^(?:\.{0,2}\/)?(?:[\w.@-]+\/)+[\w.@-]+\.(?:pem|crt|cer|key|jks|p12|pfx|json|ya?ml|txt|token|env|conf)$|^\/(?:etc|var|run|tmp|opt|home|usr|mnt|secrets?|certs?|root|srv|vault)\/(?:[a-z0-9._-]+\/)*[a-z0-9._-]+\/?$/;
const plainWords = /^(?:true|false|null|none|nil|undefined|yes|no|on|off|enabled|disabled|optional|required|bearer|basic|jwt|token)?\s*$/i;

/** Whether a value tells nothing, whatever the name says: a place holder, the path of a file, `true`, a duration. */
export function isHarmlessValue(name: string, value: string): boolean {
  const text = value.trim();
  if (plainWords.test(text) || references.test(text)) return true;
  // By a path one finds where a secret is, and no more.
  if (text.length < 200 && files.test(text)) return true;
  return !ofPasswords.test(name) && /^\d{1,5}(?:\.\d+)?(?:ns|us|ms|s|m|h)?$/.test(text);
}

/** Whether a number under this name may be a secret: limits of tokens are not. */
export function isPasswordName(name: string): boolean {
  return ofPasswords.test(name) && isSecretName(name);
}
