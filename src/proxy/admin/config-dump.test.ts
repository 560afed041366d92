import { expect, it } from 'vitest';
import type { AuthorizationRule, ExternalAuthorizer } from '../../ir/authorization.ts';
import type { RoutingTable, Security } from '../../ir/table.ts';
import { configDump } from './config-dump.ts';

const origin = { kind: 'AuthorizationPolicy', namespace: 'shop', name: 'p', path: [] };
const rule: AuthorizationRule = { name: 'ns[shop]-policy[p]-rule[0]', permissions: [{ kind: 'any' }], principals: [{ kind: 'any' }], origin };
const authorizer: ExternalAuthorizer = {
  protocol: 'http',
  cluster: 'c',
  authority: 'a',
  timeoutMs: 1,
  failOpen: false,
  statusOnError: 403,
  pathPrefix: '',
  requestHeaders: [],
  additionalHeaders: [{ name: 'x-key', value: 'planted-secret' }],
  upstreamHeaders: [],
  denialHeaders: [],
  responseHeaders: [],
  clearRouteCache: false,
};
const stages = { custom: [{ provider: 'opa', rules: [rule], authorizer }], audit: [], deny: [rule] };
const security: Security = {
  authorization: { http: stages, tcp: stages },
  authentication: {
    routesByClaims: false,
    providers: [
      {
        name: 'origins-0',
        issuer: 'me',
        audiences: [],
        keys: { kind: 'inline', jwks: '{"keys":[{"kty":"oct","k":"planted-secret"}]}' },
        headers: [],
        params: [],
        cookies: [],
        forward: false,
        claimHeaders: [],
        spaceDelimitedClaims: [],
        origin,
      },
    ],
  },
};

it('the policies in force are told, and what may be secret of them is not', () => {
  const table = { proxy: {}, mesh: {}, listeners: [], routes: [], clusters: [], envoyPatches: [], statuses: [], security } as unknown as RoutingTable;
  const { body } = configDump({ query: new URLSearchParams() } as Parameters<typeof configDump>[0], table, { version: 'a', generation: 1 });
  const text = [...(body as Iterable<string>)].join('');
  expect(text).not.toContain('planted-secret');
  const [about] = JSON.parse(text).configs;
  expect(about.security.authorization.http).toEqual({ ...stages, custom: [{ ...stages.custom[0], authorizer: { ...authorizer, additionalHeaders: [] } }] });
});
