import { message } from '../message.ts';

/** IST0002: something that still works, or is ignored, and will go. */
export const IST0002 = message<{
  /** One sentence: what is deprecated, and what stands in for it. */
  detail: string;
  same?: string;
}>({
  name: 'Deprecated',
  level: 'Warning',
  summary: 'a field or kind is deprecated or removed',
  text: ({ detail }) => detail,
});
