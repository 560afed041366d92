// Secrets in all places of a mesh that have some, each of them another one, so that whoever finds one knows where it was.
import { createHash } from 'node:crypto';
import { dump } from 'js-yaml';
import type { KubeObject } from '../src/kube/object.ts';
import { jwtOf, privateKeyPem } from '../src/redact/testing.ts';

/** What people have as a secret, in a form that no rule knows, and what machines make. */
const kinds: Readonly<Record<string, (seed: string) => string>> = {
  password: (seed) => `pw-${digest(seed).slice(0, 14)}!`,
  token: (seed) => jwtOf({ sub: seed, iss: 'https://idp.example' }, digest(`${seed}x`)),
  key: (seed) => privateKeyPem(Number.parseInt(createHash('sha256').update(seed).digest('hex').slice(0, 7), 16)),
};

function digest(seed: string): string {
  return createHash('sha256').update(seed).digest('base64url');
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const meta = (name: string, more: object = {}): KubeObject['metadata'] => ({ name, namespace: 'shop', ...more });

/** Objects with a place for a secret. */
const places: Readonly<Record<string, (secret: string, name: string) => KubeObject>> = {
  'data of a Secret': (secret, name) => ({ apiVersion: 'v1', kind: 'Secret', metadata: meta(name), data: { value: base64(secret) } }),
  'a file in a Secret': (secret, name) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: meta(name),
    data: { 'app.yaml': base64(dump({ database: { user: 'shop', password: secret } })) },
  }),
  'credentials of a registry': (secret, name) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    metadata: meta(name),
    data: { '.dockerconfigjson': base64(JSON.stringify({ auths: { 'r.example': { username: 'me', password: secret, auth: base64(`me:${secret}`) } } })) },
  }),
  'the annotation of kubectl': (secret, name) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta(name, { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({ kind: 'Service', spec: { note: secret } }) } }),
    spec: { ports: [{ port: 80 }] },
  }),
  'an annotation': (secret, name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(name, { annotations: { 'example.com/api-token': secret } }) }),
  'a variable, a flag, a command': (secret, name) => deployment(name, { env: [{ name: 'DB_PASSWORD', value: secret }] }),
  'a flag': (secret, name) => deployment(name, { args: ['serve', `--token=${secret}`] }),
  'an argument': (secret, name) => deployment(name, { args: ['serve', '--password', secret] }),
  'a header that is set': (secret, name) =>
    virtualService(name, { headers: { request: { set: { authorization: `Bearer ${secret.replaceAll('\n', '\\n')}` } } } }),
  'a header that is matched': (secret, name) => virtualService(name, { match: [{ headers: { 'x-api-key': { exact: secret } } }] }),
  'a condition': (secret, name) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: meta(name),
    spec: { selector: { matchLabels: { app: name } }, rules: [{ when: [{ key: 'request.headers[x-api-key]', values: [secret] }] }] },
  }),
  'private web keys': (secret, name) => ({
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: meta(name),
    spec: {
      selector: { matchLabels: { app: name } },
      jwtRules: [{ issuer: 'https://idp.example', jwks: JSON.stringify({ keys: [{ kty: 'oct', kid: 'a', k: base64(secret).replaceAll(/[=+/]/g, '') }] }) }],
    },
  }),
  'a script in an EnvoyFilter': (secret, name) => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: meta(name),
    spec: {
      workloadSelector: { labels: { app: name } },
      configPatches: [
        {
          applyTo: 'HTTP_FILTER',
          match: { context: 'SIDECAR_OUTBOUND' },
          patch: {
            operation: 'INSERT_BEFORE',
            value: {
              name: 'lua',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
                inlineCode: `function envoy_on_request(h)\n  h:headers():add("x-api-key", ${JSON.stringify(secret)})\nend\n`,
              },
            },
          },
        },
      ],
    },
  }),
  'a kubeconfig in a ConfigMap': (secret, name) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'istio-system' },
    data: { kubeconfig: dump({ apiVersion: 'v1', kind: 'Config', users: [{ name: 'a', user: { token: secret } }] }) },
  }),
  'properties in a ConfigMap': (secret, name) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'istio-system' },
    data: { 'app.properties': `user=shop\ndb.password=${secret.replaceAll('\n', '\\n')}\nport=5432\n`, plain: 'nothing' },
  }),
  'an address': (secret, name) => deployment(name, { env: [{ name: 'DATABASE_URL', value: `postgres://app:${encodeURIComponent(secret)}@db.shop:5432/pay` }] }),
};

function deployment(name: string, container: object): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(name),
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image: 'shop/app:1.2.3', ...container }] } },
    },
  };
}

function virtualService(name: string, route: object): KubeObject {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: meta(name),
    spec: { hosts: [`${name}.example`], http: [{ ...route, route: [{ destination: { host: 'cart' } }] }] },
  };
}

export interface Planted {
  /** `password in a flag`. */
  where: string;
  secret: string;
  object: KubeObject;
}

/** Every kind of secret in every place. */
export const planted: readonly Planted[] = Object.entries(places).flatMap(([place, plant], i) =>
  Object.entries(kinds).map(([kind, make]): Planted => {
    const secret = make(`${kind} ${i}`);
    return { where: `${kind} in ${place}`, secret, object: plant(secret, `planted-${i}-${kind}`) };
  }),
);

/** Lines of a log that have secrets in them, some of them those of the Secrets above. */
export function plantedLog(): { log: string; secrets: Planted[] } {
  const known = planted.filter(({ object }) => object.kind === 'Secret');
  const own: Planted[] = [];
  const add = (where: string, kind: keyof typeof kinds, line: (secret: string) => string): string => {
    const secret = (kinds[kind] as (seed: string) => string)(where);
    own.push({ where: `${where} of a log`, secret, object: { apiVersion: 'v1', kind: 'Pod', metadata: {} } });
    return line(secret);
  };
  const lines = [
    '2026-01-02T03:04:05.000000Z info the proxy starts',
    add('a header', 'token', (secret) => `[debug] 'authorization', 'Bearer ${secret}'`),
    add('an opaque token', 'password', (secret) => `[debug] authorization: Bearer ${secret}`),
    add('a query', 'password', (secret) => `[2026-01-02T03:04:06Z] "GET /pay?order=77&access_token=${secret} HTTP/1.1" 200 - "-" 0 12`),
    add('a cookie', 'password', (secret) => `[debug] cookie: lang=de; session=${secret}`),
    add('an address', 'password', (secret) => `error dial amqp://app:${secret}@mq.shop:5672 refused`),
    add('JSON', 'password', (secret) => JSON.stringify({ level: 'info', msg: 'login', password: secret, order: 78 })),
    add('a private key', 'key', (secret) => secret.trim()),
    add('an escaped private key', 'key', (secret) => JSON.stringify({ msg: secret })),
    ...known.flatMap(({ secret }) => [`warn it says ${JSON.stringify(secret)}`, `warn ${base64(secret)}`, `warn GET /x?q=${encodeURIComponent(secret)}`]),
    '2026-01-02T03:04:09.000000Z info order 79 is paid',
  ];
  return { log: `${lines.join('\n')}\n`, secrets: own };
}

/** What of a secret nobody may find: of a key any line of it. */
export function partsOf(secret: string): string[] {
  return secret.includes('PRIVATE KEY') ? secret.split('\n').filter((line) => /^[A-Za-z0-9+/]{64}$/.test(line)) : [secret];
}
