import { OverlapIndex } from '../../model/host-overlap.ts';
import { type MeshService, withPorts } from '../../model/services.ts';
import type { ServicesAtPort } from '../translation.ts';

/** Services of a listener that have a port, with this port only. */
export class Registry implements ServicesAtPort {
  readonly services = new Map<string, MeshService>();
  readonly aliases = new Map<string, MeshService>();
  private overlapping: OverlapIndex<MeshService> | undefined;

  /** @param port 0: every port */
  constructor(services: readonly MeshService[], port: number) {
    for (const service of services) {
      const there = port === 0 ? service : atPort(service, port);
      if (!there) continue;
      if (there.aliasOf !== undefined) this.aliases.set(there.host, there);
      else this.services.set(there.host, there);
    }
  }

  /** By hosts, with wildcards. */
  get overlaps(): OverlapIndex<MeshService> {
    if (!this.overlapping) {
      this.overlapping = new OverlapIndex();
      for (const service of this.services.values()) this.overlapping.add(service.host, service);
    }
    return this.overlapping;
  }
}

function atPort(service: MeshService, port: number): MeshService | undefined {
  const [only] = service.ports;
  if (service.ports.length === 1) return only?.number === port ? service : undefined;
  const ports = service.ports.filter(({ number }) => number === port);
  return ports.length === 0 ? undefined : withPorts(service, ports);
}

const registries = new WeakMap<readonly MeshService[], Map<number, Registry>>();

/** The same one for the same list of services. */
export function registryOf(services: readonly MeshService[], port: number): Registry {
  const byPort = registries.get(services) ?? new Map<number, Registry>();
  registries.set(services, byPort);
  const found = byPort.get(port) ?? new Registry(services, port);
  byPort.set(port, found);
  return found;
}
