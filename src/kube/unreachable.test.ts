import { expect, it } from 'vitest';
import { errorOfConnection, wasNotSent } from './unreachable.ts';

const at = { server: 'https://near', context: 'dev', origin: '/k' };
const failure = (code: string, message = code): Error => Object.assign(new Error(message), { code });

const prefix = 'cannot list pods: the API server https://near (context dev) cannot be reached: ';

it.each([
  ['ECONNREFUSED', undefined, 'nothing listens there (connection refused)'],
  ['ENOTFOUND', undefined, 'no such host name'],
  ['ECONNRESET', 'socket hang up', 'the connection was cut'],
  ['EXDEV', 'odd', 'odd (EXDEV)'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', undefined, 'no certificate authority that is trusted has signed its certificate'],
  ['CERT_HAS_EXPIRED', undefined, 'its certificate has expired'],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    "Hostname/IP does not match certificate's altnames: Host: near. is not in the cert's altnames: DNS:far",
    'its certificate is for other names (DNS:far)',
  ],
  ['EPROTO', '1:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:', 'it does not speak TLS'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tlsv13 alert certificate required', 'it refuses the client certificate'],
])('%s', (code, message, expected) => {
  const error = errorOfConnection(failure(code, message), 'list pods', at);
  expect(error.message).toBe(prefix + expected);
  expect(error).toMatchObject({ reason: 'Unreachable', status: 0, help: expect.stringMatching(/./) });
});

it('a name with several addresses: each has failed', () => {
  const error = new AggregateError([failure('ECONNREFUSED'), failure('ECONNREFUSED')]);
  expect(errorOfConnection(error, 'list pods', at).message).toBe(`${prefix}nothing listens there (connection refused)`);
  expect(wasNotSent(error)).toBe(true);
});

it('a header that cannot be sent is no matter of the network', () => {
  expect(errorOfConnection(failure('ERR_INVALID_CHAR'), 'list pods', at)).toMatchObject({ reason: 'BadConfig' });
});

it.each([
  [failure('ECONNRESET', 'Client network socket disconnected before secure TLS connection was established'), true],
  [failure('ECONNRESET', 'socket hang up'), false],
  [undefined, false],
])('%s was not sent: %s', (error, expected) => {
  expect(wasNotSent(error)).toBe(expected);
});
