// Values as YAML that says what each of them is for: something to start a file of one's own from.
import { isMap } from '../model/untyped.ts';
import { toYaml } from './render/yaml.ts';
import type { Schema } from './schema/types.ts';
import { valuesSchema } from './schema.ts';
import type { Values } from './values.ts';

export function commentedYaml(values: Values): string {
  return fieldsOf(valuesSchema, { ...values }, 0);
}

function fieldsOf(schema: Schema, value: Record<string, unknown>, depth: number): string {
  const indent = '  '.repeat(depth);
  return Object.entries(value)
    .map(([key, item]) => {
      const field = schema.type === 'object' ? schema.fields[key] : undefined;
      const comment = field ? `${indent}# ${field.about}${choices(field)}.\n` : '';
      // The parts of a requests or limits need no words.
      const explained = field?.type === 'object' && isMap(item) && Object.keys(item).length > 0 && !/^(?:requests|limits)$/.test(key);
      const blank = depth === 0 ? '\n' : '';
      if (explained) return `${blank}${comment}${indent}${key}:\n${fieldsOf(field, item, depth + 1)}`;
      return `${blank}${comment}${indented(toYaml({ [key]: item }), indent)}`;
    })
    .join('')
    .replace(/^\n/, '');
}

function choices(schema: Schema): string {
  return schema.type === 'text' && schema.oneOf ? `: ${schema.oneOf.join(', ')}` : '';
}

function indented(text: string, indent: string): string {
  return text.replace(/^(?=.)/gm, indent);
}
