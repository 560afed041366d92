// Placeholders of the templates that users bring: `${image}`, `${label:app}`, `${label:version|latest}`; `$${` is `${` itself. They are
// put into values after the YAML was read, so that no value can become YAML.
import { nearest } from '../manifest/nearest.ts';
import { isMap } from '../model/untyped.ts';
import { InjectionError } from './error.ts';

/** What placeholders stand for. */
export interface PlaceholderValues {
  plain: Readonly<Record<string, string>>;
  label: Readonly<Record<string, string>>;
  annotation: Readonly<Record<string, string>>;
}

const placeholder = /\$\$\{|\$\{([^}]*)\}/g;

/** Fills in all texts of a value, keys excepted. @throws InjectionError for a placeholder that is not known */
export function fillIn(value: unknown, values: PlaceholderValues, template: string): unknown {
  if (typeof value === 'string') return value.includes('${') ? fillText(value, values, template) : value;
  if (Array.isArray(value)) return value.map((item) => fillIn(item, values, template));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillIn(item, values, template)]));
}

function fillText(text: string, { plain, label, annotation }: PlaceholderValues, template: string): string {
  return text.replace(placeholder, (whole, inner: string | undefined) => {
    if (inner === undefined) return '${';
    const [name, fallback = ''] = split(inner, '|');
    const [scope, key] = split(name, ':');
    if (key !== undefined && (scope === 'label' || scope === 'annotation')) {
      const map = scope === 'label' ? label : annotation;
      return (Object.hasOwn(map, key) && map[key]) || fallback;
    }
    if (Object.hasOwn(plain, name)) return (plain[name] as string) || fallback;
    const near = nearest(name, Object.keys(plain));
    throw new InjectionError(
      `the template ${template} has the placeholder ${whole}, which is not known${near === undefined ? '' : `; did you mean \${${near}}?`}`,
      [],
      `There are ${Object.keys(plain)
        .map((known) => `\${${known}}`)
        .join(', ')}, \${label:NAME} and \${annotation:NAME}; \${…|TEXT} is TEXT where there is nothing.`,
    );
  });
}

/** At the first separator. */
function split(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
