import { describe, expect, it } from 'vitest';
import { compileFormat } from '../proxy/core/format.ts';
import { formatProblem } from './header-formats.ts';

describe('RT-R35: values of headers, as Envoy 1.40 takes them', () => {
  it.each([
    '',
    'text',
    '100%%',
    '%%',
    '%PROTOCOL%',
    '%PROTOCOL()%',
    '%REQ(x-a)%',
    '%REQ(:path)%',
    '%REQ(a?b):12%',
    '%REQ(X?)%',
    '%RESP(a?b)%-%TRAILER(c)%',
    '%START_TIME%',
    '%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%',
    '%START_TIME(%s %% ())%',
    '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(16)%',
    '%DYNAMIC_METADATA(["a","b"])%',
    '%UPSTREAM_METADATA(["a","b"])%',
    '%METADATA(ROUTE:istio:config)%',
    '%FILTER_STATE(a:PLAIN):4%',
    '%GRPC_STATUS(NUMBER)%',
    '%PATH(NQ:ORIG):3%',
    '%QUERY_PARAM(x):5%',
    '%ENVIRONMENT(HOME)%',
    '%COMMON_DURATION(DS_RX_BEG:DS_RX_END:ms)%',
  ])('%s is taken', (value) => expect(formatProblem(value)).toBeUndefined());

  it.each([
    ['%', 'begins no operator'],
    ['a%', 'begins no operator'],
    ['%%%', 'begins no operator'],
    ['%lower%', 'begins no operator'],
    ['%REQ(X)', 'begins no operator'],
    ['%REQ(X)%%', 'begins no operator'],
    ['%REQ(X)%REQ(Y)%', 'begins no operator'],
    ['%FOO%', 'no operator that is known'],
    ['%constructor%', 'begins no operator'],
    ['%PROTOCOL(x)%', 'an argument that PROTOCOL does not take'],
    ['%PROTOCOL:5%', 'a length, and PROTOCOL takes none'],
    ['%REQ()%', 'an argument that REQ does not take'],
    ['%REQ%', 'an argument that REQ does not take'],
    ['%REQ(X?Y?Z)%', 'an argument that REQ does not take'],
    ['%REQ(a b)%', 'an argument that REQ does not take'],
    ['%REQ(a:b)%', 'an argument that REQ does not take'],
    ['%GRPC_STATUS(FOO)%', 'an argument that GRPC_STATUS does not take'],
    ['%PATH(ORIG)%', 'an argument that PATH does not take'],
    ['%METADATA(FOO:a)%', 'an argument that METADATA does not take'],
    ['%FILTER_STATE(a:X)%', 'an argument that FILTER_STATE does not take'],
    ['%UPSTREAM_METADATA(["a","b"]):3%', 'a length, and UPSTREAM_METADATA takes none'],
    ['%START_TIME(%Y):4%', 'a length, and START_TIME takes none'],
  ])('%s: %s', (value, problem) => expect(formatProblem(value)).toContain(problem));
});

it.each(['%REQ(a?b):3%x%PROTOCOL%', '%START_TIME(%Y)%', '%UPSTREAM_HOST%', '%GRPC_STATUS(SNAKE_STRING)%', '%PATH(NQ)%', '%DOWNSTREAM_TLS_VERSION%'])(
  'the embedded sidecar reads %s, too',
  (value) => expect([formatProblem(value), compileFormat(value)]).toEqual([undefined, expect.not.objectContaining({ error: expect.anything() })]),
);
