// What a policy applies to: `selector`, `targetRef` or `targetRefs` (security, telemetry and extensions kinds).

import type { PolicyTargetReference, WorkloadSelector } from '../../manifest/istio/type.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkSelector, itemsOf } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

interface Targeted {
  selector?: WorkloadSelector;
  targetRef?: PolicyTargetReference;
  targetRefs?: (PolicyTargetReference | null)[];
}

/** Kinds that a policy can attach to; only group and kind count, the version is the one that the reference names. */
const attachable = [
  'core/v1/Service',
  'networking.istio.io/v1/ServiceEntry',
  'gateway.networking.k8s.io/v1beta1/Gateway',
  'gateway.networking.k8s.io/v1beta1/GatewayClass',
];

const attachableKinds = new Set(attachable.map((name) => name.replace(/\/[^/]+\//, '/')));

/** At most one of the three fields is set, and what is set is in order. */
export function checkTargets(sink: ProblemSink, spec: Targeted): void {
  const { selector, targetRef } = spec;
  const targetRefs = itemsOf(spec.targetRefs);
  const set = [selector && 'selector', targetRef && 'targetRef', targetRefs.length > 0 && 'targetRefs'].filter((field) => typeof field === 'string');
  const last = set[set.length - 1];
  if (set.length > 1 && last !== undefined) {
    sink.error([last], `${set.join(' and ')} are both set: a policy has one of targetRefs and selector (a workloadSelector) only`, {
      same: 'one of targetRefs or workloadSelector',
      help: `keep ${last} to attach to what it names, or the selector to choose workloads by their labels`,
    });
  }
  checkSelector(sink, ['selector'], selector && { labels: selector.matchLabels, field: 'matchLabels' });
  if (targetRef) checkTargetRef(sink, ['targetRef'], targetRef);
  targetRefs.forEach((ref, i) => {
    checkTargetRef(sink, ['targetRefs', i], ref);
  });
}

function checkTargetRef(sink: ProblemSink, path: Path, ref: PolicyTargetReference): void {
  const { group = '', kind = '', name = '', namespace = '' } = ref;
  if (name === '') sink.error([...path, 'name'], 'a targetRef has no name', { same: 'targetRef name' });
  if (namespace !== '') {
    sink.error([...path, 'namespace'], `a targetRef names the namespace ${namespace}, and it can only refer to its own namespace`, {
      same: 'targetRef namespace',
      help: 'leave namespace out, and put the policy into the namespace of what it attaches to',
    });
  }
  if (!attachableKinds.has(`${group || 'core'}/${kind}`)) {
    sink.error([...path, kind === '' ? 'group' : 'kind'], `a targetRef can name ${attachable.join(', ')}, and this one names ${group}/${kind}`, {
      same: `targetRef ${group}/${kind}`,
    });
  }
}
