import { containersOf } from './injection.ts';
import type { ContainerPort, PodSpec, ServicePort } from './kubernetes.ts';
import { items } from './untyped.ts';

/** Ports that the containers of a pod declare, with those of sidecars among its init containers. */
export function containerPorts(spec: PodSpec): ContainerPort[] {
  return [...containersOf(spec), ...items(spec.initContainers)].flatMap((container) =>
    items(container.ports).filter(({ containerPort }) => typeof containerPort === 'number'),
  );
}

/** Name or number that a port of a Service goes to on its pods; numbers in quotes are numbers. */
export function targetOf({ port, targetPort }: ServicePort): string | number {
  const target = targetPort === undefined || targetPort === null || targetPort === '' || targetPort === 0 ? port : targetPort;
  return typeof target === 'string' && /^\d+$/.test(target) ? Number(target) : target;
}

/** The port of a pod that a port of a Service goes to; undefined when the pod has none of that name. */
export function targetPortOf(servicePort: ServicePort, spec: PodSpec): number | undefined {
  const target = targetOf(servicePort);
  if (typeof target !== 'string') return target;
  const { protocol = 'TCP' } = servicePort;
  return containerPorts(spec).find((port) => port.name === target && (port.protocol ?? 'TCP') === protocol)?.containerPort;
}
