import { expect, it, test } from 'vitest';
import { KubeError } from './error.ts';
import { chooseContext, parseKubeconfig } from './kubeconfig.ts';

const good = `
apiVersion: v1
kind: Config
current-context: dev
clusters:
- { name: near, cluster: { server: 'https://near:6443' } }
contexts:
- { name: dev, context: { cluster: near, user: me, namespace: shop } }
- { name: staging, context: { cluster: near } }
users:
- { name: me, user: { token: abc } }
`;

/** Of one file, or several. */
const choose = (texts: string | readonly string[], context?: string) =>
  chooseContext(parseKubeconfig([texts].flat().map((text, index) => ({ file: index === 0 ? '/k' : `/k${index + 1}`, text: text as string }))), context);

function failureOf(texts: string | readonly string[], context?: string): string {
  try {
    choose(texts, context);
  } catch (error) {
    expect(error).toBeInstanceOf(KubeError);
    const { message, help, reason } = error as KubeError;
    expect(reason).toBe('BadConfig');
    return help === undefined ? message : `${message} | ${help}`;
  }
  throw new Error('it was accepted');
}

it('says cluster, user and namespace of the current context', () => {
  expect(choose(good)).toEqual({
    name: 'dev',
    namespace: 'shop',
    cluster: { name: 'near', file: '/k', value: { server: 'https://near:6443' } },
    user: { name: 'me', file: '/k', value: { token: 'abc' } },
  });
});

it('says those of the context that is named; without a user, requests are anonymous', () => {
  expect(choose(good, 'staging')).toMatchObject({ name: 'staging', namespace: undefined, user: undefined });
});

it('reads JSON, too', () => {
  expect(
    choose(JSON.stringify({ contexts: [{ name: 'a', context: { cluster: 'c' } }], clusters: [{ name: 'c', cluster: { server: 'http://h' } }] }), 'a').cluster
      .value.server,
  ).toBe('http://h');
});

test('of several files, what the first one says holds, and they add up', () => {
  const second = good.replaceAll('near:6443', 'far:6443').replaceAll('dev', 'prod').replace('name: me, user: { token: abc', 'name: other, user: { token: def');
  const chosen = choose([good, second], 'prod');
  expect(chosen.cluster.value.server).toBe('https://near:6443');
  expect(choose([good, second]).name).toBe('dev');
  expect(choose(['', good]).name).toBe('dev');
});

const cluster = "clusters: [{ name: near, cluster: { server: 'https://near' } }]";

it.each<[string, string | string[], string | undefined, string]>([
  ['no YAML', 'a: [1\nb: 2', undefined, '/k:2 is not YAML: deficient indentation'],
  ['a text', 'hello', undefined, '/k is no kubeconfig: it is not a mapping'],
  ['a list', '[]', undefined, '/k is no kubeconfig: it is not a mapping'],
  ['another kind of object', 'apiVersion: v1\nkind: Pod', undefined, '/k is no kubeconfig: its kind is Pod, not Config'],
  ['an empty file', '', undefined, '/k names no current context | Choose one with --context. There are no contexts.'],
  [
    'no current context',
    good.replace('current-context: dev', ''),
    undefined,
    '/k names no current context | Choose one with --context. Contexts there: dev, staging.',
  ],
  [
    'a wrong current context',
    good.replace('current-context: dev', 'current-context: devv'),
    undefined,
    'the current context of /k is devv, which is not there | Did you mean dev?',
  ],
  ['a context that is misspelt', good, 'stagin', 'there is no context stagin in /k | Did you mean staging?'],
  ['a context that is not there', good, 'production', 'there is no context production in /k | Contexts there: dev, staging.'],
  ['of two files', [good, ''], 'production', 'there is no context production in /k, /k2 | Contexts there: dev, staging.'],
  [
    'a cluster that is not there',
    good.replace('name: near', 'name: neat'),
    undefined,
    'context dev (/k) names cluster near, which is not there | Did you mean neat?',
  ],
  ['a context without a cluster', good.replace('cluster: near, user', 'user'), undefined, 'context dev (/k) names no cluster | The clusters there: near.'],
  [
    'a user that is not there',
    good.replace('- { name: me', '- { name: somebody'),
    undefined,
    'context dev (/k) names user me, which is not there | The users there: somebody.',
  ],
  [
    'a cluster without a server',
    good.replace("{ server: 'https://near:6443' }", '{}'),
    undefined,
    'cluster near (/k) has no server | Set server to the URL of the API server.',
  ],
  [
    'a server that is no URL',
    good.replace('https://near:6443', 'near:6443'),
    undefined,
    'the server of cluster near (/k) is no URL: near:6443 | It is like https://HOST:6443.',
  ],
  ['a list that is none', 'clusters: { a: b }', undefined, '/k: clusters is not a list'],
  ['an entry without a name', 'users: [{ user: {} }]', undefined, '/k: users[0] has no name'],
  ['an entry that is null', 'users: [null]', undefined, '/k: users[0] has no name'],
  ['a user that is a text', 'users: [{ name: a, user: b }]', undefined, '/k: users[0] (a): user is not a mapping'],
  [
    'a token that is a number',
    `${cluster}\nusers: [{ name: me, user: { token: 123 } }]`,
    undefined,
    '/k: users[0] (me): token is not a string | Put it in quotes.',
  ],
])('%s', (_, texts, context, expected) => {
  expect(failureOf(texts, context).replace('the kubeconfig ', '')).toBe(expected);
});
