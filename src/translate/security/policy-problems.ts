// What is wrong with policies, whoever they are for.
import type { Status } from '../../ir/table.ts';
import type { Mesh } from '../../model/mesh.ts';
import { keepWhole } from '../keep-equal.ts';
import { authorizationOf } from './authorization.ts';
import { askedProviders } from './external-authorizers.ts';
import { authenticationOf } from './request-authentication.ts';
import { trustDomainsOf } from './trust-domains.ts';

/**
 * What tables of proxies that a policy is for say about it alone: the same list while it is the same. That policies of one workload name
 * several providers is known of that workload only.
 */
export function policyProblems(mesh: Mesh): readonly Status[] {
  return mesh.memo<readonly Status[]>(
    'problems of policies',
    ['AuthorizationPolicy', 'RequestAuthentication', 'MeshConfig', 'Service', 'ServiceEntry'],
    (former) => {
      const policies = mesh.list('AuthorizationPolicy');
      const providers = policies.some(({ spec }) => spec.action === 'CUSTOM') ? askedProviders(mesh) : {};
      const trustDomains = trustDomainsOf(mesh.meshConfig);
      return keepWhole(former, [
        ...policies.flatMap((policy) => authorizationOf([policy], { trustDomains, providers }).statuses),
        ...mesh.list('RequestAuthentication').flatMap((policy) => authenticationOf([policy], 'sidecar').statuses),
      ]);
    },
  );
}
