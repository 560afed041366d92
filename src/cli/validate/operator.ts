import { nearest } from '../../manifest/nearest.ts';

/** Fields of the spec of an IstioOperator, install.istio.io/v1alpha1. */
const fields: ReadonlySet<string> = new Set([
  'addonComponents',
  'compatibilityVersion',
  'components',
  'hub',
  'installPackagePath',
  'meshConfig',
  'namespace',
  'profile',
  'resourceSuffix',
  'revision',
  'tag',
  'unvalidatedValues',
  'values',
]);

/** What is wrong with an IstioOperator; nothing for any other object. */
export function checkOperator(object: Record<string, unknown>): string[] {
  if (object.kind !== 'IstioOperator') return [];
  const name = (object.metadata as { name?: string } | undefined)?.name ?? '';
  const spec = object.spec ?? {};
  if (typeof spec !== 'object' || Array.isArray(spec)) return [`IstioOperator ${name}: spec has to be a map`];
  return Object.keys(spec)
    .filter((key) => !fields.has(key))
    .map((key) => {
      const near = nearest(key, fields);
      return `IstioOperator ${name}: unknown field "${key}"${near ? `; did you mean ${near}?` : ''}`;
    });
}
