import { message } from '../message.ts';

/** IST0171 */
export const IST0171 = message<{ type: string; reason: string; message: string; same?: string }>({
  name: 'NegativeConditionStatus',
  level: 'Warning',
  summary: 'a controller says in the status of a resource that something is wrong with it',
  text: ({ type, reason, message }) => `the status has a negative condition: type=${type}, reason=${reason}, message=${message}`,
});
