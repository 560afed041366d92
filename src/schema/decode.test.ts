import { describe, expect, it } from 'vitest';
import { formatPath } from '../manifest/problem.ts';
import { decodeMessage } from './decode.ts';

const networking = 'istio.networking.v1alpha3';

/** The value after decoding, or what is wrong with it: paths, without the words. */
function decoded(message: string, value: unknown): unknown {
  const { errors } = decodeMessage(message, value, []);
  return errors.length > 0 ? errors.map(({ path }) => formatPath(path)) : value;
}

describe('decodeMessage', () => {
  it.each<[string, object, object]>([
    ['HTTPRetry', { per_try_timeout: '1s' }, { perTryTimeout: '1s' }],
    ['HTTPRetry', { retry_on: 'a', retryOn: 'b' }, { retryOn: 'b' }],
    ['HTTPRetry', { retryOn: 'b', retry_on: 5 }, { retryOn: 'b' }],
    ['HTTPRetry', { retryOn: null, retry_on: 'a' }, {}],
    ['HTTPRetry', { attempts: null, tries: 3 }, {}],
    ['StringMatch', { regex: 'c', exact: 'a', prefix: 'b' }, { regex: 'c' }],
    ['StringMatch', { prefix: '', exact: 'a' }, { prefix: '' }],
    ['StringMatch', { exact: 'a', prefix: null }, { exact: 'a' }],
    ['HTTPFaultInjection.Abort', { grpc_status: 'OK', httpStatus: 500, percentage: {} }, { grpcStatus: 'OK', percentage: {} }],
    ['ServiceEntry', { location: 1, resolution: 77 }, { location: 'MESH_INTERNAL', resolution: '77' }],
    ['HTTPRoute', { match: [null], route: [{}] }, { match: [null], route: [{}] }],
    ['VirtualService', { hosts: [null, 'a'] }, { hosts: ['', 'a'] }],
    ['WorkloadEntry', { ports: { a: null, b: '80' } }, { ports: { a: 0, b: 80 } }],
    ['HTTPBody', { bytes: 'aGVs\nbG8=' }, { bytes: 'aGVs\nbG8=' }],
  ])('reads %s %j', (message, value, expected) => {
    expect(decoded(`${networking}.${message}`, value)).toEqual(expected);
  });

  it('reads null items of a list of enums', () => {
    expect(decoded('istio.mesh.v1alpha1.ConfigSource', { subscribedResources: [null] })).toEqual({ subscribedResources: ['SERVICE_REGISTRY'] });
  });

  it.each([
    ['80', 80],
    [' 80\n', 80],
    ['0', 0],
    ['', undefined],
    ['080', undefined],
    ['+80', undefined],
    ['-80', undefined],
    ['80.0', undefined],
    ['8e1', undefined],
    ['0x50', undefined],
    [80.5, undefined],
    [4294967296, undefined],
    [true, undefined],
  ])('takes %j for the number %s', (text, number) => {
    expect(decoded(`${networking}.PortSelector`, { number: text })).toEqual(number === undefined ? ['number'] : { number });
  });

  it.each([
    ['1.5', 1.5],
    ['8e1', 80],
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['.5', undefined],
    ['1.', undefined],
    ['nan', undefined],
  ])('takes %j for the fraction %s', (text, value) => {
    expect(decoded(`${networking}.Percent`, { value: text })).toEqual(value === undefined ? ['value'] : { value });
  });

  it.each<[string, object, string]>([
    ['HTTPBody', { bytes: 'aGVsbG8' }, 'bytes'],
    ['HTTPBody', { bytes: 'aGV_' }, 'bytes'],
    ['HTTPRoute', { timeout: '2562048h' }, 'timeout'],
    ['HTTPRoute', { timeout: 10 }, 'timeout'],
    ['HTTPRedirect', { derivePort: 0.5 }, 'derivePort'],
    ['HTTPRedirect', { derivePort: 'from_request_port' }, 'derivePort'],
    ['VirtualService', { http: {} }, 'http'],
  ])('refuses %s %j', (message, value, path) => {
    expect(decoded(`${networking}.${message}`, value)).toEqual([path]);
  });

  it.each([
    ['80', true],
    ['4294967295', true],
    ['4294967296', false],
    ['080', false],
    ['-1', false],
  ])('takes the key %s of a map of ports: %s', (key, taken) => {
    const value = { portLevelMtls: { [key]: {} } };
    expect(Array.isArray(decoded('istio.security.v1beta1.PeerAuthentication', value))).toBe(!taken);
  });

  it('tells unknown fields', () => {
    const { unknown } = decodeMessage(`${networking}.VirtualService`, { http: [{ timeuot: '1s' }] }, ['spec']);
    expect(unknown.map(({ path, field }) => [formatPath(path), field])).toEqual([['spec.http[0].timeuot', 'timeuot']]);
  });
});
