import { counted } from '../counted.ts';
import type { ControlPlaneVersion, MeshVersions, ProxyVersion } from './remote.ts';

/** Versions of the control plane, a line for each revision and version, and of the proxies: in the words of the reference. */
export function meshText({ controlPlane, proxies }: MeshVersions): string {
  return [...controlPlaneLines(controlPlane), `data plane version: ${proxyVersions(proxies)}`].map((line) => `${line}\n`).join('');
}

function controlPlaneLines(replicas: readonly ControlPlaneVersion[]): string[] {
  const groups = Map.groupBy(replicas, ({ version, revision = '' }) => `${revision}\n${version}`);
  return [...groups.values()].map((group) => {
    const [{ version, revision }] = group as [ControlPlaneVersion];
    return `control plane version: ${version} (${revision === undefined ? '' : `revision ${revision}, `}${counted(group.length, 'replica')})`;
  });
}

/** `0.1.0 (3 proxies), envoy 1.40.0 (1 proxy)`: the embedded sidecar is of weft, and needs no name. */
function proxyVersions(proxies: readonly ProxyVersion[]): string {
  if (proxies.length === 0) return 'none';
  const groups = Map.groupBy(proxies, ({ program, version }) => `${program === 'weft' ? '' : `${program} `}${version}`);
  const sorted = [...groups].sort(([a, ofA], [b, ofB]) => ofB.length - ofA.length || (a < b ? -1 : 1));
  return sorted.map(([name, group]) => `${name} (${counted(group.length, 'proxy', 'proxies')})`).join(', ');
}
