// What a pod says of itself: its ports, and whether its containers are ready.
import { containersOf } from '../model/injection.ts';
import type { Container } from '../model/kubernetes.ts';
import { isMap, items, text } from '../model/untyped.ts';
import type { Workload } from '../model/workloads.ts';
import type { PodDescription, PodPort } from './description.ts';
import { nativeSidecars } from './membership.ts';

/** Ports that its containers name, native sidecars included. */
export function podPorts({ spec }: Workload): PodPort[] {
  const ports = (container: Container, native: boolean): PodPort[] =>
    items(container.ports).flatMap(({ containerPort, name, protocol }) =>
      typeof containerPort === 'number'
        ? [{ port: containerPort, name: text(name), protocol: text(protocol) || 'TCP', container: text(container.name), native }]
        : [],
    );
  return [...containersOf(spec).flatMap((one) => ports(one, false)), ...nativeSidecars(spec).flatMap((one) => ports(one, true))];
}

export function phaseOf({ isPod, resource }: Workload): string | undefined {
  const status = resource.raw.status;
  return isPod && isMap(status) && typeof status.phase === 'string' ? status.phase : undefined;
}

/** An init container that has done its work is ready, whatever its status says. */
export function notReady({ isPod, resource }: Workload): PodDescription['notReady'] {
  const { status } = resource.raw;
  if (!isPod || !isMap(status)) return [];
  const of = (list: unknown, init: boolean): PodDescription['notReady'] =>
    items(list as { name?: unknown; ready?: unknown; state?: unknown }[]).flatMap(({ name, ready, state }) =>
      ready === false && !(init && hasEnded(state)) ? [{ container: text(name), init }] : [],
    );
  return [...of(status.containerStatuses, false), ...of(status.initContainerStatuses, true)];
}

function hasEnded(state: unknown): boolean {
  return isMap(state) && isMap(state.terminated) && state.terminated.exitCode === 0;
}
