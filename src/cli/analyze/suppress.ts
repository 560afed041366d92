import type { Preset } from '../../analysis/engine.ts';
import type { Finding } from '../../analysis/finding.ts';
import type { Resource } from '../../manifest/resource.ts';
import { CliError } from '../exit.ts';

export interface Suppressions {
  suppresses: (finding: Pick<Finding, 'code' | 'resource'>) => boolean;
  warnings: string[];
}

/** The annotation of the reference: `IST0101,IST0106`, or `*` for all. */
const annotation = 'galley.istio.io/analyze-suppress';

/**
 * `-S CODE=RESOURCE` and the annotations of resources.
 *
 * RESOURCE is a glob over `Kind namespace/name` (or `Kind name` without a namespace). The form `Kind name.namespace`, which the
 * reference documents but never matches, works outside of the preset `reference`, and so do several values with commas between them.
 *
 * @param aliases code -> codes of other tools for the same message
 * @throws CliError for a value that is not CODE=RESOURCE
 */
export function parseSuppressions(values: readonly string[], preset: Preset, aliases: ReadonlyMap<string, readonly string[]>): Suppressions {
  const warnings: string[] = [];
  const lenient = preset !== 'reference';
  const rules = (lenient ? values.flatMap((v) => v.split(',')) : values).map((value) => {
    const parts = value.split('=');
    if (parts.length !== 2)
      throw new CliError(`"${value}" is not a suppression`, 1, 'Write CODE=RESOURCE, such as --suppress "IST0101=VirtualService shop/*".');
    const [code = '', glob = ''] = parts;
    if (!/^(?:IST|WFT)\d{4}$/.test(code)) warnings.push(`--suppress ${value}: no message has the code ${code}`);
    return { code, glob };
  });
  return {
    warnings,
    suppresses: ({ code, resource }) => {
      if (annotated(resource, code, aliases.get(code) ?? [], lenient)) return true;
      return rules.some(
        (rule) =>
          rule.code === code &&
          // The reference knows no other wildcard than the star, and no name has a question mark in it.
          (lenient || !rule.glob.includes('?')) &&
          (fitsGlob(rule.glob, resource.friendlyName) || (lenient && fitsGlob(rule.glob, `${resource.kind} ${resource.name}.${resource.namespace}`))),
      );
    },
  };
}

/** Kiali's annotation for the same purpose; its codes are aliases of ours. */
const kialiAnnotation = 'kiali.io/ignore-validations';

function annotated(resource: Resource, code: string, aliases: readonly string[], lenient: boolean): boolean {
  if (lenient && resource.annotations[kialiAnnotation] !== undefined) {
    const codes = (resource.annotations[kialiAnnotation] as string).match(/\w+/g) ?? [];
    if (codes.some((c) => c === code || aliases.includes(c))) return true;
  }
  const value = resource.annotations[annotation];
  if (value === undefined) return false;
  // The reference does not trim: after a comma and a blank it finds no code.
  return value.split(',').some((part) => (lenient ? part.trim() : part) === code || (lenient ? part.trim() : part) === '*');
}

/** `*` stands for any text, `?` for one character. A regular expression would take ages for many stars. */
export function fitsGlob(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let star = -1;
  let from = 0;
  while (t < text.length) {
    if (glob[g] === '*') {
      star = g++;
      from = t;
    } else if (glob[g] === '?' || glob[g] === text[t]) {
      g++;
      t++;
    } else if (star < 0) {
      return false;
    } else {
      // The last star takes one character more.
      g = star + 1;
      t = ++from;
    }
  }
  return /^\**$/.test(glob.slice(g));
}
