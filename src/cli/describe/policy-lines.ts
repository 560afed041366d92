// Who may connect, and what else selects the workload.

import type { MtlsSection, PolicySection, SelectingSection, SidecarSection } from '../../describe/description.ts';
import { counted } from '../counted.ts';
import type { Lines } from './lines.ts';

export function mtlsLines(lines: Lines, { mode, policy, ports, applied }: MtlsSection): void {
  lines.add('Effective PeerAuthentication:');
  lines.add(`   Workload mTLS mode: ${mode}`, { place: policy ? lines.place(policy) : 'default' });
  if (ports.length > 0) lines.add('   Port Level mTLS mode:');
  for (const port of ports) lines.add(`      ${port.port}: ${port.mode}`, port.policy ? { place: lines.place(port.policy) } : {});
  if (applied.length === 0) return;
  lines.add('Applied PeerAuthentication:');
  lines.add(`   ${applied.map(({ name, namespace }) => `${name}.${namespace}`).join(', ')}`);
}

export function hasPolicies({ authorization, requestAuthentication, telemetry, proxyConfig, wasmPlugins, envoyFilters }: PolicySection): boolean {
  return [authorization, requestAuthentication, telemetry, proxyConfig, wasmPlugins, envoyFilters].some((list) => list.length > 0);
}

export function policyLines(lines: Lines, policies: PolicySection): void {
  const { authorization, requestAuthentication } = policies;
  if (authorization.length > 0) {
    lines.add('AuthorizationPolicy:');
    for (const { action, origin, scope, rules, dryRun, provider, ports } of authorization) {
      const notes = [scopes[scope], counted(rules, 'rule'), provider && `asks ${provider}`, ports && `at port ${ports.join(', ')}`, dryRun && 'dry run'];
      lines.add(`   ${action} ${lines.name(origin)}: ${notes.filter(Boolean).join(', ')}`, { place: lines.place(origin) });
    }
    if (authorization.some(({ action, dryRun }) => action === 'ALLOW' && !dryRun)) lines.add('   What no ALLOW policy takes is denied');
  }
  if (requestAuthentication.length > 0) {
    lines.add('RequestAuthentication:');
    for (const { origin, scope, issuers } of requestAuthentication) {
      lines.add(`   ${lines.name(origin)}: ${scopes[scope]}${issuers.length > 0 ? `, tokens of ${issuers.join(', ')}` : ''}`, { place: lines.place(origin) });
    }
  }
  selecting(lines, 'Telemetry', policies.telemetry);
  selecting(lines, 'ProxyConfig', policies.proxyConfig);
  selecting(lines, 'WasmPlugin', policies.wasmPlugins);
  if (policies.envoyFilters.length > 0) {
    lines.add('EnvoyFilter:');
    for (const { origin, patches } of policies.envoyFilters) {
      lines.add(`   ${lines.name(origin)}: ${counted(patches, 'patch', 'patches')}, which may change what is said here`, { place: lines.place(origin) });
    }
  }
}

const scopes = { mesh: 'for the mesh', namespace: 'for the namespace', workload: 'for the workload' } as const;

function selecting(lines: Lines, label: string, list: readonly SelectingSection[]): void {
  if (list.length === 0) return;
  lines.add(`${label}:`);
  for (const { origin, scope } of list) lines.add(`   ${lines.name(origin)}: ${scopes[scope]}`, { place: lines.place(origin) });
}

export function sidecarLines(lines: Lines, { origin, egress, ingress, outbound }: SidecarSection): void {
  lines.add(`Sidecar: ${lines.name(origin)}`, { place: lines.place(origin) });
  for (const { hosts, port } of egress) lines.add(`   Knows of the mesh${port === undefined ? '' : ` at port ${port}`}: ${hosts.join(', ')}`);
  for (const { port, endpoint } of ingress) lines.add(`   Takes connections at port ${port}${endpoint === '' ? '' : ` for ${endpoint}`}`);
  lines.add(`   Other hosts: ${outbound === 'ALLOW_ANY' ? 'allowed' : 'refused'} (${outbound})`);
}
