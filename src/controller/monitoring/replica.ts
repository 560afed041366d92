import { expiryOf } from '../../pki/validity.ts';
import type { AuthorityKeeper } from '../authority/authority-keeper.ts';
import { pluggedSecretName, rootSecretName } from '../authority/mesh-authority.ts';
import type { CertificateKeeper } from '../certificates/certificate-keeper.ts';
import type { LeaseElection } from '../election/lease-election.ts';
import type { MeshState } from '../mesh-state.ts';
import type { GatewaySecrets } from '../secrets/gateway-secrets.ts';
import type { ControllerSettings } from '../settings.ts';
import type { Watches } from '../watch/watches.ts';
import type { PodInjector } from '../webhook/injection.ts';
import type { ControllerFacts } from './metrics.ts';

export type Phase = 'starting' | 'serving' | 'stopping';

/** One replica of the control plane, as its monitoring looks at it. */
export interface Replica {
  settings: ControllerSettings;
  watches: Watches;
  keeper: CertificateKeeper;
  /** Of the mesh. */
  authority: Pick<AuthorityKeeper, 'state' | 'problem'>;
  /** That gateways name. */
  secrets: Pick<GatewaySecrets, 'states'>;
  injector: PodInjector;
  /** Undefined: it writes in any case. */
  election: LeaseElection | undefined;
  state: MeshState;
  /** In milliseconds since the epoch. */
  startedAt: number;
  phase(): Phase;
  proxies(): number;
  /** Why the newest mesh configuration is not used. */
  configProblem(): string | undefined;
}

export function factsOf({ settings, watches, keeper, authority, election, state, phase, proxies }: Replica): ControllerFacts {
  const states = watches.states();
  const { certificates } = keeper;
  const invalid = [...state.judged.values()].filter(({ isLeftOut, verdict }) => isLeftOut || verdict.errors.length > 0);
  return {
    objects: new Map(states.filter(({ name }) => name === undefined).map(({ kind, objects }) => [kind, objects])),
    unsynced: states.filter(({ isSynced }) => !isSynced).length,
    invalid: new Map([...Map.groupBy(invalid, ({ kind }) => kind)].map(([kind, list]) => [kind, list.length])),
    proxies: proxies(),
    ready: phase() === 'serving',
    leads: election?.leads ?? true,
    servingExpiry: certificates && expiryOf(certificates.serving.certificate),
    authorityExpiry: certificates && expiryOf(certificates.authority.certificate),
    meshExpiry: authority.state && expiryOf(authority.state.authority.pair.certificate),
    version: settings.version,
    clusterId: settings.clusterId,
  };
}

/** For those who look inside. */
export function aboutReplica(replica: Replica): Record<string, unknown> {
  const { settings, election, injector, authority, secrets, startedAt } = replica;
  const { revision, istioNamespace, identity, version, clusterId } = settings;
  const { servingExpiry, authorityExpiry, meshExpiry, ready, leads } = factsOf(replica);
  const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());
  return {
    version,
    revision,
    istioNamespace,
    cluster: clusterId,
    identity,
    started: time(startedAt),
    ready,
    leads,
    leader: election ? election.holder : identity,
    certificates: { serving: time(servingExpiry), authority: time(authorityExpiry) },
    meshAuthority: {
      secret: authority.state?.plugged ? pluggedSecretName : rootSecretName,
      until: time(meshExpiry),
      ...(authority.problem === undefined ? {} : { problem: authority.problem }),
    },
    secrets: secrets.states(),
    injector: injector.problem === '' ? 'configured' : injector.problem,
    meshConfig: replica.configProblem() ?? 'configured',
  };
}

/** Why nobody is to be sent to this replica; undefined: all is well. */
export function missingOf({ phase, watches, keeper, authority, configProblem }: Replica): string | undefined {
  if (phase() === 'serving') return undefined;
  if (phase() === 'stopping') return 'stopping';
  const unread = watches.states().filter(({ isSynced }) => !isSynced);
  if (unread.length > 0)
    return unread.map(({ kind, name, problem }) => `${kind}${name ? ` ${name}` : ''} was not read yet${problem ? `: ${problem}` : ''}`).join('\n');
  const problem = configProblem();
  if (problem !== undefined) return problem;
  if (!keeper.certificates) return 'there is no serving certificate yet';
  if (!authority.state) return authority.problem ?? 'there is no authority of the mesh yet';
  return 'starting';
}
