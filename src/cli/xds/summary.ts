import type { Style } from '../../analysis/report/style.ts';
import type { Mesh } from '../../model/mesh.ts';
import { counted } from '../counted.ts';
import type { ServeFlags } from './serve.ts';

export interface ServeSummary {
  /** As clients write it. */
  address: string;
  mesh: Mesh;
  resources: number;
  flags: Pick<ServeFlags, 'filename' | 'watch'>;
}

/** For a person at a terminal: what is served, and how a proxy gets it. */
export function serveSummary({ address, mesh, resources, flags }: ServeSummary, style: Style): string {
  const proxy = `--proxy ${exampleProxy(mesh)}`;
  const rows: [string, string][] = [
    ['Envoy', `weft proxy bootstrap --xds-address ${address} ${proxy} > envoy.json && envoy -c envoy.json`],
    ['embedded', `weft proxy run --xds-address ${address} ${proxy}`],
    ['status', `weft proxy-status --xds-address ${address}`],
  ];
  const changes = flags.watch ? ' Changes of the manifests are sent as they come.' : '';
  return `${style.strong(`weft xds serve: ${address}`)}, ${counted(resources, 'resource')} from ${(flags.filename ?? []).join(', ')}

${rows.map(([name, text]) => `  ${name.padEnd(9)} ${text}`).join('\n')}

Serving.${changes} Ctrl-C ends it.
`;
}

/** A workload that the manifests have, or a place to write one. */
function exampleProxy(mesh: Mesh): string {
  const [workload] = mesh.allWorkloads();
  return workload ? `${workload.namespace}/${workload.name}` : 'NAMESPACE/NAME --labels app=NAME';
}
