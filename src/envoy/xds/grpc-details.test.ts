import { expect, it } from 'vitest';
import { detailsOf } from './grpc-details.ts';

it.each<[string, unknown, string]>([
  ['of a call', { details: 'no such proxy', message: '5 NOT_FOUND: no such proxy' }, 'no such proxy'],
  [
    'of a connection',
    { details: 'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ' },
    'connect ECONNREFUSED 127.0.0.1:1',
  ],
  ['of a connection, with a note', { details: 'No connection established. Last error: x (2026). Resolution note: y' }, 'x (2026)'],
  ['of something else', new Error('broken'), 'broken'],
  ['without words', { details: '', message: '' }, '[object Object]'],
])('%s', (_, error, expected) => {
  expect(detailsOf(error)).toBe(expected);
});
