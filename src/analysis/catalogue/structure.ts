import { message } from '../message.ts';

interface Said {
  text: string;
}

const text = ({ text }: Said): string => text;

/** WFT0004: a field that the kind does not have. */
export const WFT0004 = message<Said>({
  name: 'UnknownField',
  level: 'Error',
  summary: 'a field that the kind does not have',
  text,
  effect: 'a cluster refuses the resource, or drops the field without a word: what it says does not happen',
});

/** WFT0006: a value that the schema of the kind does not allow. */
export const WFT0006 = message<Said>({
  name: 'SchemaViolation',
  level: 'Error',
  summary: 'a value that the schema of the kind does not allow',
  text,
  effect: 'a cluster refuses this resource, so what it says does not apply',
});
