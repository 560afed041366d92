import { defineAnalyzer } from '../src/analysis/analyzer.ts';
import { IST0171 } from '../src/analysis/catalogue/status.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { items, text } from '../src/model/untyped.ts';

interface Condition {
  type?: string;
  status?: string;
  reason?: string;
  message?: string;
}

interface Status {
  conditions?: Condition[];
  /** Of routes: what each gateway says of them. */
  parents?: { conditions?: Condition[] }[];
}

const gatewayConditions = ['Accepted', 'Programmed', 'ResolvedRefs'];

/** Types of conditions whose status False means trouble, by kind; there are others of which that is untrue. */
const negative = {
  Service: ['istio.io/WaypointBound'],
  ServiceEntry: ['istio.io/WaypointBound'],
  AuthorizationPolicy: ['ZtunnelAccepted', 'WaypointAccepted'],
  'gateway-api/Gateway': gatewayConditions,
  'gateway-api/HTTPRoute': gatewayConditions,
  'gateway-api/GRPCRoute': gatewayConditions,
};
const kinds = Object.keys(negative) as (keyof typeof negative)[];

/** spec/analyze/messages.md, conditions.ConditionAnalyzer */
export default defineAnalyzer({
  name: 'conditions.ConditionAnalyzer',
  summary: 'the status of a resource has no negative condition',
  reads: kinds,
  preset: 'reference',
  messages: { IST0171 },
  check({ mesh, preset, report }) {
    for (const kind of kinds) {
      for (const resource of mesh.list(kind)) {
        for (const { condition, path } of conditionsOf(resource)) {
          const [type, reason, message] = [text(condition.type), text(condition.reason), text(condition.message)];
          // The reference takes a type that it does not know for one that must not be without a status.
          const failed = negative[kind].includes(type) ? condition.status === 'False' : preset === 'reference' && !condition.status;
          // The status is True when a waypoint takes only some of a policy's targets.
          const partial = kind === 'AuthorizationPolicy' && type === 'WaypointAccepted' && reason === 'PartiallyInvalid';
          if (failed || partial) report('IST0171', resource, path, { type, reason, message, same: `${type} ${reason} ${message}` });
        }
      }
    }
  },
});

function conditionsOf(resource: Resource): { condition: Condition; path: Path }[] {
  const status = (resource.raw.status ?? {}) as Status;
  const list = (conditions: Condition[] | undefined, path: Path) => items(conditions).map((condition, i) => ({ condition, path: [...path, 'conditions', i] }));
  if (!resource.kind.endsWith('Route')) return list(status.conditions, ['status']);
  return items(status.parents).flatMap((parent, i) => list(parent.conditions, ['status', 'parents', i]));
}
