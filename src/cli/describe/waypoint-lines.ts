// What clients in ambient mode go through.
import type { WaypointPolicy, WaypointSection } from '../../describe/description.ts';
import type { Lines } from './lines.ts';

/** @param what goes through it: `Requests to the service` */
export function waypointLines(lines: Lines, waypoint: WaypointSection, what: string): void {
  const { by, gateway, unused, ingress, workloads, policies } = waypoint;
  const whose = by.kind === 'Namespace' ? `namespace ${by.name}` : `${by.kind} ${lines.name(by)}`;
  lines.add(`Waypoint: ${lines.name(waypoint)}, by a label of ${whose}`, { place: lines.place(by) });
  if (unused) {
    lines.warn('   WARNING: nothing goes through it');
    return;
  }
  const who = ingress ? 'clients in ambient mode and of gateways' : 'clients in ambient mode';
  const others = ingress ? 'sidecars' : 'sidecars and gateways';
  lines.add(`   ${what} from ${who} go through it, and those of ${others} go past it`, gateway ? { place: lines.place(gateway) } : {});
  lines.add('   It reads HTTP: there the rules above are asked for them');
  if (workloads.length > 0) lines.add(`   It runs as ${workloads.map((one) => `${one.kind} ${lines.name(one)}`).join(', ')}`);
  for (const policy of policies) lines.add(`   ${policyText(lines, policy)}`, { place: lines.place(policy.origin) });
  if (policies.some(({ attachedTo }) => attachedTo === 'workload')) lines.add('   Policies with a selector are asked at the pods, where HTTP is not read');
}

const attached = {
  waypoint: 'attached to the waypoint',
  class: 'attached to all waypoints',
  service: 'attached to the service',
  workload: 'not asked there',
} as const;

function policyText(lines: Lines, { origin, action, attachedTo }: WaypointPolicy): string {
  return `${origin.kind}${action === undefined ? '' : ` ${action}`} ${lines.name(origin)}: ${attached[attachedTo]}`;
}
