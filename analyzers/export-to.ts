import { type Context, defineAnalyzer } from '../src/analysis/analyzer.ts';
import { meant } from '../src/analysis/meant.ts';
import { message } from '../src/analysis/message.ts';
import { NearestIndex } from '../src/analysis/nearest.ts';
import type { Path } from '../src/manifest/problem.ts';
import type { Resource } from '../src/manifest/resource.ts';
import { knownNamespaces } from '../src/model/namespaces.ts';
import { isMap, items, text } from '../src/model/untyped.ts';

const WFT1012 = message<{ field: string; namespace: string }>({
  name: 'ExportToMissingNamespace',
  level: 'Warning',
  summary: 'exportTo, or a ReferenceGrant, opens a resource to a namespace that does not exist',
  text: ({ field, namespace }) => `${field} names namespace "${namespace}", which does not exist`,
  help: 'correct the name, or take it out',
  aliases: ['KIA0005', 'KIA1601'],
});

const messages = { WFT1012 };
const annotation = 'networking.istio.io/exportTo';

/** What a namespace does not see of a resource that is not exported to it (SEL-R11, SEL-R34, DR-R3). */
const unseen = { VirtualService: 'these routes', DestinationRule: 'these policies', ServiceEntry: 'these hosts', Service: 'this service' } as const;

/** A name in a list, and where it is written. */
interface Entry {
  name: string;
  path: Path;
  /** The whole value at `path` with another name in its place. */
  replaced: (by: string) => string;
}

/** SEL-R11, SEL-R34, DR-R3; of a ReferenceGrant the field `from[].namespace`. */
export default defineAnalyzer({
  name: 'weft.ExportToAnalyzer',
  summary: 'namespaces that resources are exported to exist',
  reads: ['VirtualService', 'DestinationRule', 'ServiceEntry', 'Service', 'gateway-api/ReferenceGrant', 'Namespace', 'ServiceAccount', 'Pod'],
  preset: 'recommended',
  messages,
  check(context) {
    const { mesh } = context;
    for (const kind of ['VirtualService', 'DestinationRule', 'ServiceEntry'] as const) {
      for (const resource of mesh.list(kind)) {
        const entries = (resource.spec.exportTo ?? []).map((name, i) => ({ name, path: ['spec', 'exportTo', i], replaced: (by: string) => by }));
        check(context, resource, 'exportTo', entries, unseen[kind]);
      }
    }
    for (const service of mesh.list('Service')) {
      const written = service.annotations[annotation];
      if (written !== undefined) check(context, service, annotation, annotated(written), unseen.Service);
    }
    for (const grant of mesh.list('gateway-api/ReferenceGrant')) {
      const from = items(grant.spec.from as object[]).map((entry, i) => ({
        name: isMap(entry) ? text(entry.namespace) : '',
        path: ['spec', 'from', i, 'namespace'],
        replaced: (by: string) => by,
      }));
      check(context, grant, 'this grant', from, 'what it grants');
    }
  },
});

/** `a, b` */
function annotated(written: string): Entry[] {
  const parts = written.split(',');
  return parts.map((part, i) => ({
    name: part.trim(),
    path: ['metadata', 'annotations', annotation],
    replaced: (by) =>
      parts
        .with(
          i,
          part.replace(part.trim(), () => by),
        )
        .join(','),
  }));
}

function check({ mesh, knows, report }: Context<typeof messages>, resource: Resource, field: string, entries: readonly Entry[], what: string): void {
  const named = entries.filter(({ name }) => name !== '' && name !== '.' && name !== '*' && name !== '~');
  // Beside `*` no other entry counts.
  if (named.length === 0 || entries.some(({ name }) => name === '*') || !knows('Namespace')) return;
  const namespaces = knownNamespaces(mesh);
  const missing = named.filter(({ name }) => name !== resource.namespace && !namespaces.has(name));
  const near = mesh.memo('namespaces by near names', ['Namespace'], () => new NearestIndex(namespaces));
  for (const { name, path, replaced } of missing) {
    const candidate = near.find(name);
    const nobody = missing.length === entries.length;
    report(
      'WFT1012',
      resource,
      path,
      { field, namespace: name },
      {
        ...meant(candidate, path, candidate && replaced(candidate)),
        effect: nobody ? `no namespace sees ${what}` : `the namespace that was meant does not see ${what}`,
      },
    );
  }
}
