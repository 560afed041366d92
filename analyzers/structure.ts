import { type Analyzer, defineAnalyzer, type ResourceProblem } from '../src/analysis/analyzer.ts';
import { WFT0004, WFT0006 } from '../src/analysis/catalogue/structure.ts';
import { allKindNames } from '../src/manifest/kinds.ts';
import type { Path } from '../src/manifest/problem.ts';

const messages = { WFT0004, WFT0006 };

/** What a cluster refuses, beyond the rules that validation knows (src/schema/structure.ts). */
const structure: Analyzer<typeof messages> = defineAnalyzer({
  name: 'schema.StructureAnalyzer',
  summary: 'resources follow the schema that a cluster has of their kind',
  reads: allKindNames,
  aboutFiles: true,
  preset: 'recommended',
  messages,
  check({ mesh, problemsOf, structureOf, report }) {
    for (const kind of allKindNames) {
      for (const resource of mesh.list(kind)) {
        const problems = structureOf(resource);
        if (problems.length === 0) continue;
        const said = problemsOf(resource).filter(({ code }) => code === 'IST0106');
        for (const problem of problems) {
          const { code, path, text, help, fix } = problem;
          if (code === 'WFT0006' && said.some((other) => isAbout(other, path))) continue;
          report(code as keyof typeof messages, resource, path, { text }, { help, fix });
        }
      }
    }
  },
});

export default structure;

/** The same field, or the map or list that it is in, or a field of its own. */
function isAbout(other: ResourceProblem, path: Path = []): boolean {
  const [short, long] = (other.path ?? []).length < path.length ? [other.path ?? [], path] : [path, other.path ?? []];
  return long.length - short.length <= 1 && short.length > 1 && short.every((part, i) => part === long[i]);
}
