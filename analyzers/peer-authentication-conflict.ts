import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { message } from '../src/analysis/message.ts';
import { namespaceInWords } from '../src/analysis/wording.ts';
import type { Path } from '../src/manifest/problem.ts';
import { ageIsKnown, byCreation } from '../src/model/creation.ts';
import { describeMtls, isForWorkloads, type PeerPolicy, selectorOf } from '../src/model/peer-authentication.ts';
import { select } from '../src/model/selection.ts';
import { formatSelector } from '../src/model/selectors.ts';
import { byName } from '../src/model/workloads.ts';

interface Conflict {
  /** What both are for: `namespace "shop"`. */
  scope: string;
  first: string;
  other: string;
  /** Whether it is known that `first` is the older one. */
  known: boolean;
  said: { first: string; other: string };
}

const WFT1024 = message<Conflict>({
  name: 'SeveralForOneWorkload',
  level: 'Warning',
  summary: 'two PeerAuthentications are for the same workloads, and only the oldest counts',
  text: ({ scope, first, other, known }) =>
    known
      ? `PeerAuthentication "${other}" does not count for ${scope}: "${first}" is for the same, and is older`
      : `PeerAuthentications "${first}" and "${other}" are both for ${scope}: only the older one counts`,
  help: 'put what both say into one of them, and remove the other; they are not merged, not even port by port',
  effect: ({ known, first, other, said }) =>
    inWords(
      known
        ? `mTLS is ${said.first} there; what "${other}" says (${said.other}) is lost`
        : `mTLS is ${said.first} there if "${first}" is older, and ${said.other} if "${other}" is`,
    ),
  aliases: ['KIA0002', 'KIA0003'],
});

const messages = { WFT1024 };

function inWords(effect: string): string {
  return effect.replaceAll('UNSET', 'inherited');
}

/** One policy for the mesh, one a namespace and one a workload, the oldest of each (SEC-R10). Policies that say the same are no conflict. */
export default defineAnalyzer({
  name: 'weft.PeerAuthenticationConflictAnalyzer',
  summary: 'one PeerAuthentication counts for each workload, namespace, and mesh',
  reads: ['PeerAuthentication', 'MeshConfig', 'Pod'],
  preset: 'recommended',
  messages,
  check(context) {
    const { mesh } = context;
    const policies = mesh.list('PeerAuthentication');
    const whole = policies.filter((policy) => !isForWorkloads(policy));
    const forWorkloads = policies.filter((policy) => isForWorkloads(policy) && policy.namespace !== mesh.rootNamespace);
    const reported = new Set<PeerPolicy>();
    for (const [namespace, list] of Map.groupBy(whole, (policy) => policy.namespace)) {
      const scope = namespace === mesh.rootNamespace ? 'the whole mesh' : namespaceInWords(namespace);
      compete(context, list, scope, ['metadata', 'name'], reported);
    }
    for (const list of Map.groupBy(forWorkloads, (policy) => `${policy.namespace} ${formatSelector(selectorOf(policy))}`).values()) {
      compete(context, list, `workloads with ${formatSelector(selectorOf(list[0] as PeerPolicy))}`, ['spec', 'selector'], reported);
    }
    const { selecting } = select(mesh, forWorkloads, selectorOf);
    for (const [workload, list] of [...selecting].sort(([a], [b]) => byName(a, b))) {
      compete(context, list, `workload "${workload.name}"`, ['spec', 'selector'], reported);
    }
  },
});

/** Reports each policy that loses, once. */
function compete({ report }: Context<typeof messages>, policies: readonly PeerPolicy[], scope: string, path: Path, reported: Set<PeerPolicy>): void {
  if (policies.length < 2) return;
  const [first, ...others] = [...policies].sort(byCreation) as [PeerPolicy, ...PeerPolicy[]];
  for (const other of others) {
    const said = { first: describeMtls(first), other: describeMtls(other) };
    if (said.first === said.other || reported.has(other)) continue;
    reported.add(other);
    const known = ageIsKnown(first, other);
    const related = [{ resource: first, path, text: known ? 'this one counts' : 'the other one' }];
    report('WFT1024', other, path, { scope, first: first.name, other: other.name, known, said }, { related });
  }
}
