// The rules of a mesh that route HTTP, and which of them tests reach.
import type { Origin } from '../ir/table.ts';
import type { Mesh } from '../model/mesh.ts';
import { VirtualServices } from '../translate/virtual-services.ts';

/** A rule is `spec.http[i]` or `spec.rules[i]`; what of it took a request does not matter. */
const depthOfRule = 3;

export function ruleOf(origin: Origin): Origin {
  return origin.path.length > depthOfRule ? { ...origin, path: origin.path.slice(0, depthOfRule) } : origin;
}

export function keyOfRule({ kind, namespace, name, path }: Origin): string {
  return `${kind} ${namespace}/${name} ${path.slice(0, depthOfRule).join('.')}`;
}

export interface Rule {
  origin: Origin;
  /** May be empty. */
  name: string;
}

/** All rules of virtual services, their delegates and routes of the Gateway API, in the order in which they are tried; each once. */
export function rulesOf(mesh: Mesh): Rule[] {
  const found = new Map<string, Rule>();
  for (const { http } of VirtualServices.of(mesh).all) {
    for (const { origin, route } of http) {
      const key = keyOfRule(origin);
      if (!found.has(key)) found.set(key, { origin: ruleOf(origin), name: route.name ?? '' });
    }
  }
  return [...found.values()];
}

export interface Coverage {
  rules: number;
  missed: readonly Rule[];
  /** Of a mesh without rules 100. */
  percent: number;
}

export function coverageOf(mesh: Mesh, reached: ReadonlySet<string>): Coverage {
  const rules = rulesOf(mesh);
  const missed = rules.filter(({ origin }) => !reached.has(keyOfRule(origin)));
  return { rules: rules.length, missed, percent: rules.length === 0 ? 100 : ((rules.length - missed.length) * 100) / rules.length };
}
