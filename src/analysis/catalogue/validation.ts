import { message } from '../message.ts';

interface Said {
  text: string;
  same?: string;
}

const text = ({ text }: Said): string => text;

/** IST0106: the resource breaks a rule of its kind; a cluster refuses it. */
export const IST0106 = message<Said>({
  name: 'SchemaValidationError',
  level: 'Error',
  summary: 'the resource breaks a rule of its kind',
  text,
  effect: 'a cluster refuses this resource, so what it says does not apply',
});

/** IST0130: a route rule that no request reaches. */
export const IST0130 = message<Said>({
  name: 'VirtualServiceUnreachableRule',
  level: 'Warning',
  summary: 'a route rule is never used',
  text,
});

/** IST0131: a match of a route rule that an earlier match makes useless. */
export const IST0131 = message<Said>({
  name: 'VirtualServiceIneffectiveMatch',
  level: 'Info',
  summary: 'a match of a route rule is never used',
  text,
});

/** IST0133: the resource is accepted with a warning. */
export const IST0133 = message<Said>({
  name: 'SchemaWarning',
  level: 'Warning',
  summary: 'the resource is accepted, but something in it is doubtful',
  text,
});
