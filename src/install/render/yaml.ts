import { dump } from 'js-yaml';
import type { KubeObject } from '../../kube/object.ts';

/** YAML without anchors and without folded lines: what is there twice is written twice. */
export function toYaml(value: unknown): string {
  // Of what is absent nothing is to be seen.
  return dump(JSON.parse(JSON.stringify(value)), { noRefs: true, lineWidth: -1 });
}

/** Documents, as kubectl applies them. */
export function manifestYaml(objects: readonly KubeObject[]): string {
  return objects.map((object) => toYaml(object)).join('---\n');
}
