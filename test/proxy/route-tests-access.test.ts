// `weft test --engine embedded` with policies: certificates and tokens are verified by weft's own proxy.
import { expect, it } from 'vitest';
import { type StartProxy, startEmbedded } from '../../src/cli/test/live/engines.ts';
import { runAccess } from '../route-tests/run-access.ts';

it('lets in and denies as the routing table says', async () => {
  const { failed, said, left, tried } = await runAccess('embedded', startEmbedded);
  expect(failed).toEqual([]);
  expect(said).toEqual([]);
  expect(left).toEqual({ 'policies with the action CUSTOM ask services that are not here': 1 });
  expect(tried).toBe(23);
});

it('a proxy that lets everybody in is found out', async () => {
  const open: StartProxy = ({ security: _, ...table }, ...rest) => startEmbedded(table, ...rest);
  const { said } = await runAccess('embedded', open);
  const names = new Set(said.map((text) => text.replace(/: embedded: .*/s, '')));
  expect([...names].sort()).toEqual([
    'DENY',
    'a client of the gateway',
    'a token at the gateway that is too old',
    'a token at the gateway, by which the route is chosen',
    'a token for somebody else',
    'a token of another',
    'an address that this machine has not',
    'an old token',
    'another address',
    'another client behind a proxy',
    'another principal',
    'mTLS where none may',
    'no rule',
    'who connects to the gateway',
  ]);
});

it('a proxy that denies by another rule is found out', async () => {
  const renamed: StartProxy = (table, ...rest) => {
    const { authorization, ...others } = table.security ?? {};
    const deny = (authorization?.http.deny ?? []).map((rule) => ({ ...rule, name: 'ns[shop]-policy[other]-rule[7]' }));
    return startEmbedded(
      authorization ? { ...table, security: { ...others, authorization: { ...authorization, http: { ...authorization.http, deny } } } } : table,
      ...rest,
    );
  };
  const { said } = await runAccess('embedded', renamed);
  expect(said.map((text) => text.replaceAll('\n', '; ')).sort()).toEqual([
    'DENY: embedded: at cart.shop: answer 403; RBAC: access denied; rbac_access_denied_matched_policy[ns[shop]-policy[other]-rule[7]] instead of ' +
      'answer 403; RBAC: access denied; rbac_access_denied_matched_policy[ns[shop]-policy[no-delete]-rule[0]]',
    'a client of the gateway: embedded: denied: rbac_access_denied_matched_policy[ns[shop]-policy[other]-rule[7]] instead of ' +
      'rbac_access_denied_matched_policy[ns[shop]-policy[edge]-rule[0]]',
    'who connects to the gateway: embedded: denied: rbac_access_denied_matched_policy[ns[shop]-policy[other]-rule[7]] instead of ' +
      'rbac_access_denied_matched_policy[ns[shop]-policy[edge]-rule[1]]',
  ]);
});
