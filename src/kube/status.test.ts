import { afterEach, expect, it, vi } from 'vitest';
import { errorOfAnswer, errorOfStatusObject } from './status.ts';

afterEach(() => vi.useRealTimers());

const at = { server: 'https://near', context: 'dev', origin: '/k' };

const status = (code: number, reason: string, message: string, details?: unknown): string => JSON.stringify({ kind: 'Status', code, reason, message, details });

it.each<[string, number, string, string, string | undefined]>([
  [
    'rights that are missing',
    403,
    status(403, 'Forbidden', 'pods is forbidden: User "viewer" cannot list resource "pods" in API group "" at the cluster scope'),
    'user viewer may not list pods',
    'Ask an administrator of the cluster for a Role that allows it, or choose another --context.',
  ],
  [
    'a quota',
    403,
    status(403, 'Forbidden', 'pods "a" is forbidden: exceeded quota: q'),
    'cannot list pods: pods "a" is forbidden: exceeded quota: q',
    'Ask an administrator of the cluster for a Role that allows it, or choose another --context.',
  ],
  [
    'credentials that are not accepted',
    401,
    status(401, 'Unauthorized', 'Unauthorized'),
    'cannot list pods: the API server https://near (context dev) does not accept the credentials from /k',
    'Log in again, or choose another context than dev.',
  ],
  [
    'a page of a proxy',
    502,
    '<html><head><title>x</title></head><body><h1>502 Bad Gateway</h1>\n</body></html>',
    'cannot list pods: 502 Bad Gateway',
    undefined,
  ],
  ['nothing', 503, '', 'cannot list pods: the API server https://near (context dev) answers with status 503', undefined],
  [
    'plain HTTP',
    400,
    'Client sent an HTTP request to an HTTPS server.\n',
    'cannot list pods: Client sent an HTTP request to an HTTPS server.',
    'Write the server in /k with https://.',
  ],
])('%s', (_, code, body, message, help) => {
  const error = errorOfAnswer(code, body, 'list pods', at);
  expect([error.message, error.help, error.status]).toEqual([message, help, code]);
});

it('reads the conflicts of a server-side apply', () => {
  const cause = (manager: string, field: string) => ({ reason: 'FieldManagerConflict', message: `conflict with ${JSON.stringify(manager)} using x/v1`, field });
  const causes = [cause('mesh', '.spec.http'), cause('mesh', '.spec.hosts'), cause('kubectl', '.metadata.labels.a'), { reason: 'Other', field: 'x' }];
  const error = errorOfAnswer(409, status(409, 'Conflict', 'Apply failed with 3 conflicts', { causes }), 'apply VirtualService shop/cart', at);
  expect(error.message).toBe('cannot apply VirtualService shop/cart: mesh owns .spec.http, .spec.hosts; kubectl owns .metadata.labels.a');
  expect(error.conflicts).toEqual([
    { manager: 'mesh', field: '.spec.http' },
    { manager: 'mesh', field: '.spec.hosts' },
    { manager: 'kubectl', field: '.metadata.labels.a' },
  ]);
});

it('reads the fields that are refused', () => {
  const causes = [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.ports' }];
  expect(errorOfAnswer(422, status(422, 'Invalid', 'no', { causes }), 'create Service a', at)).toMatchObject({
    reason: 'Invalid',
    causes: [{ field: 'spec.ports', message: 'Required value' }],
    conflicts: [],
  });
});

it.each([
  ['seconds', '3', 3_000],
  ['a date', 'Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['nonsense', 'soon', undefined],
  ['a date that is over', new Date(0).toUTCString(), undefined],
])('when to come again: %s', (_, header, expected) => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-01T00:00:00Z') });
  expect(errorOfAnswer(429, '', 'x', at, header).retryAfterMs).toBe(expected);
});

it('when to come again, where only the status says it', () => {
  expect(errorOfAnswer(429, status(429, 'TooManyRequests', 'no', { retryAfterSeconds: 2 }), 'x', at).retryAfterMs).toBe(2_000);
});

it.each([null, 'text', {}, { kind: 'Pod' }])('an error that carries %j instead of a status', (object) => {
  expect(errorOfStatusObject(object, 'watch pods', at)).toMatchObject({ status: 500, reason: 'InternalError' });
});
