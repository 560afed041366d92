// docs/values.md: all values of an installation, from their schema.
import { gatewayDefaults, profileNames, profileSummaries, profileValues } from '../src/install/profiles.ts';
import type { Schema } from '../src/install/schema/types.ts';
import { valuesSchema } from '../src/install/schema.ts';

const introduction = `# Values

What \`weft install\`, \`weft upgrade\` and \`weft manifest generate\` put into a cluster follows from values. \`weft profile dump\` prints
all of them as YAML, with what they are for: a start for a file of your own, which needs only what is to be different.

## Where values come from

Each of these is laid over those before it:

1. the profile \`default\`, and what the chosen profile (\`--profile\`, \`--set profile=NAME\`, or \`profile:\` in a file) has otherwise
2. files (\`-f\`), from left to right; \`-\` is standard input
3. \`--set PATH=VALUE\`, in order
4. \`--profile\`, \`--revision\` and \`--istioNamespace\`

Maps are merged, gateways are merged by their names, and other lists are replaced. A \`null\` takes away an entry of a map, or a value
that may be absent. An unknown name and a value of the wrong type are errors, with the line of the file and what was most likely meant.

The installation keeps what you gave. \`weft upgrade\` without values lays it over the profile of the new version, so that what you did
not say follows the new defaults.

## --set

| Write | For |
| --- | --- |
| \`controller.replicas=3\` | a number, a text, or true and false, as the value's type is |
| \`gateways[0].service.type=NodePort\` | an item of a list by its place, counted from 0; the place after the last adds one |
| \`gateways[name:my-gateway].replicas=2\` | an item by its name, which is added where it is not there |
| \`controller.nodeSelector.example\\.com/pool=mesh\` | a key with a dot: a backslash takes its meaning away (in a shell, put it in quotes) |
| \`injector.defaultTemplates={sidecar,mine}\` | a list of texts; \`\\,\` is a comma |
| \`controller.resources.limits.memory=null\` | nothing, where there is something by default |

## Values of Istio

A file may be an \`IstioOperator\` instead, and paths of \`--set\` may be those of its spec (\`values.global.hub\`, \`components.pilot.k8s.…\`):
what has a meaning for weft is translated, and anything else is an error that says what to use instead. \`--force\` goes on without it.

## Profiles

| Profile | |
| --- | --- |
${profileNames.map((name) => `| \`${name}\` | ${sentence(profileSummaries[name])} |\n`).join('')}`;

/** The page below its first line. */
export function valuesPage(): string {
  const defaults = profileValues('default');
  const sections = Object.entries(valuesSchema.fields).map(([name, schema]): [string, string] => [
    name,
    rows(schema, name, (defaults as unknown as Record<string, unknown>)[name]),
  ]);
  const isGroup = (text: string): boolean => text.split('\n').length > 3;
  const single = sections.filter(([, text]) => !isGroup(text)).map(([, text]) => text);
  const groups = sections.filter(([, text]) => isGroup(text)).map(([name, text]) => `\n## ${name}\n\n${head}${text}`);
  return `${introduction}
## Values of the whole

${head}${single.join('')}${groups.join('')}`;
}

const head = '| Value | Default | What it is | Allowed |\n| --- | --- | --- | --- |\n';

function rows(schema: Schema, path: string, value: unknown): string {
  switch (schema.type) {
    case 'object': {
      if (/\.(?:affinity|requests|limits)$/.test(path)) return row(path, value, schema.about, `a map with ${Object.keys(schema.fields).join(', ')}`);
      const map = (value ?? {}) as Record<string, unknown>;
      return Object.entries(schema.fields)
        .map(([name, field]) => rows(field, `${path}.${name}`, map[name]))
        .join('');
    }
    case 'list':
      if (schema.mergeBy === undefined) return row(path, value, schema.about, allowed(schema));
      return row(path, undefined, schema.about, `a list; each has a ${schema.mergeBy}`) + rows(schema.items, `${path}[]`, gatewayDefaults('NAME'));
    default:
      return row(path, value, schema.about, allowed(schema));
  }
}

function allowed(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return `a map with ${Object.keys(schema.fields).join(', ')}`;
    case 'map':
      return 'a map of texts';
    case 'list':
      return schema.items.type === 'object' ? `a list of maps with ${Object.keys(schema.items.fields).join(', ')}` : 'a list of texts';
    case 'text':
      return schema.oneOf?.join(', ') ?? schema.format?.name ?? 'a text';
    case 'integer':
      return `${schema.min} to ${schema.max}`;
    case 'boolean':
      return `true, false${schema.or === undefined ? '' : `, ${schema.or}`}`;
    case 'message':
      return `a ${schema.message.split('.').at(-1)}`;
    case 'free':
      return 'as in Kubernetes';
  }
}

function row(path: string, value: unknown, about: string, rule: string): string {
  const written = value === undefined ? '' : `\`${typeof value === 'string' ? value || "''" : JSON.stringify(value)}\``;
  return `| ${[`\`${path}\``, written, sentence(about), rule].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
