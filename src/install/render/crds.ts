// Definitions of the kinds of the mesh. They are written once for all versions that are alike (scripts/schemas/definitions.ts).
import AuthorizationPolicy from '../../../schemas/crds/AuthorizationPolicy.json' with { type: 'json' };
import DestinationRule from '../../../schemas/crds/DestinationRule.json' with { type: 'json' };
import EnvoyFilter from '../../../schemas/crds/EnvoyFilter.json' with { type: 'json' };
import Gateway from '../../../schemas/crds/Gateway.json' with { type: 'json' };
import PeerAuthentication from '../../../schemas/crds/PeerAuthentication.json' with { type: 'json' };
import ProxyConfig from '../../../schemas/crds/ProxyConfig.json' with { type: 'json' };
import RequestAuthentication from '../../../schemas/crds/RequestAuthentication.json' with { type: 'json' };
import ServiceEntry from '../../../schemas/crds/ServiceEntry.json' with { type: 'json' };
import Sidecar from '../../../schemas/crds/Sidecar.json' with { type: 'json' };
import Telemetry from '../../../schemas/crds/Telemetry.json' with { type: 'json' };
import VirtualService from '../../../schemas/crds/VirtualService.json' with { type: 'json' };
import WasmPlugin from '../../../schemas/crds/WasmPlugin.json' with { type: 'json' };
import WorkloadEntry from '../../../schemas/crds/WorkloadEntry.json' with { type: 'json' };
import WorkloadGroup from '../../../schemas/crds/WorkloadGroup.json' with { type: 'json' };
import { type Context, maker, type RenderedObject } from './object.ts';

interface Definition {
  name: string;
  spec: { group: string; names: { kind: string; plural: string }; scope: string };
  $defs: Readonly<Record<string, unknown>>;
}

export const definitions: readonly Definition[] = [
  AuthorizationPolicy,
  DestinationRule,
  EnvoyFilter,
  Gateway,
  PeerAuthentication,
  ProxyConfig,
  RequestAuthentication,
  ServiceEntry,
  Sidecar,
  Telemetry,
  VirtualService,
  WasmPlugin,
  WorkloadEntry,
  WorkloadGroup,
].sort((a, b) => (a.name < b.name ? -1 : 1));

export function renderCrds(context: Context): RenderedObject[] {
  const make = maker(context, 'Base', true);
  return definitions.map(({ name, spec, $defs }) => make('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { name, spec: expand(spec, $defs) }));
}

/** With every reference to what is shared replaced by it, since definitions may not have references. */
function expand(value: unknown, defs: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(value)) return value.map((item) => expand(item, defs));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as { $ref?: unknown };
  if (typeof $ref === 'string') return expand(defs[$ref.slice('#/$defs/'.length)], defs);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, defs)]));
}
