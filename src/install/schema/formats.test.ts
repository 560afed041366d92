import { describe, expect, it } from 'vitest';
import * as all from './formats.ts';
import type { Format } from './types.ts';

const { quantityValue, ...formats } = { ...all };

const long = (length: number): string => 'a'.repeat(length);

describe('formats', () => {
  it.each<[keyof typeof formats, string[], string[]]>([
    ['revision', ['default', 'canary', '1-28', long(47)], ['', 'Canary', 'a.b', '-a', 'a-', 'a_b', long(48)]],
    ['dnsLabel', ['mesh', 'a-1', long(63)], ['', 'A', 'a.b', long(64)]],
    ['serviceName', ['gw', 'a-1'], ['1a', '', 'A', long(64)]],
    ['dnsName', ['cluster.local', 'a'], ['', 'a..b', 'A.b', '.a', 'a.']],
    ['hub', ['', 'localhost', 'docker.io/library', 'registry.example.com:5000/a/b_c', '10.0.0.1:5000'], ['a/', '/a', 'https://a', 'a b', 'r/A', 'a:b']],
    ['imageName', ['weft', 'a/b', 'a--b', 'a.b'], ['', 'A', 'a/', 'a:b', '-a']],
    ['imageTag', ['', '1.0', 'v1_2-3', `v1@sha256:${'0'.repeat(64)}`], ['.a', 'a b', 'a:b', 'v1@sha256:00', 'é', long(129)]],
    ['quantity', ['1', '100m', '1Gi', '0.5', '1e3', '2k'], ['', 'a', '1g', '-1', '1 Gi', '1ki']],
    ['qualifiedName', ['a', 'a.b/c', 'A_b.c-d', 'example.com/A'], ['', '/a', 'a/', 'a b', '-a', 'A.com/b', long(64)]],
    ['labelValue', ['', 'a', 'A.b_c-d', long(63)], ['-a', 'a b', 'a/b', long(64)]],
    ['environmentName', ['A', '_a', 'a.b-c'], ['', '1a', 'a=b', 'a b']],
    ['cidrList', ['', '*', '10.0.0.0/8', '10.0.0.0/8, fd00::/8'], ['abc', '10.0.0.0', '10.0.0.0/33', '*,10.0.0.0/8', ',']],
    ['plainCidrList', ['', '10.0.0.0/8'], ['*', '10.0.0.1']],
    ['portList', ['', '*', '22', '22, 9090'], ['0', '65536', 'a', '22,', '-1']],
    ['plainPortList', ['', '22,9090'], ['*', '0']],
    ['ipAddress', ['10.0.0.1', 'fd00::1'], ['', 'a', '10.0.0.0/8', '256.0.0.1']],
    ['portName', ['http2', 'a-1'], ['', '80', 'A', 'a_b', long(16)]],
    ['duration', ['24h', '1h30m', '1s'], ['', '24', '0s', '-1h', '10ms', 'soon']],
    ['clusterId', ['Kubernetes', 'a/b:c'], ['', 'a b']],
    ['meshId', ['', 'mesh-1'], ['a b']],
    ['podPatch', ['spec: { hostNetwork: true }', 'metadata: {}', '{}'], ['a', '- a', 'containers: []', 'spec: [', '']],
  ])('%s', (name, good, bad) => {
    const format: Format = formats[name];
    expect({ good: good.filter((text) => !format.holds(text)), bad: bad.filter((text) => format.holds(text)) }).toEqual({ good: [], bad: [] });
  });
});

describe('quantityValue', () => {
  it.each([
    ['1', 1],
    ['100m', 0.1],
    ['1Ki', 1024],
    ['2Gi', 2 * 1024 ** 3],
    ['1k', 1000],
    ['1e3', 1000],
    ['1.5', 1.5],
    ['250n', 2.5e-7],
    ['1E', 1e18],
  ])('%s is %d', (text, value) => {
    expect(quantityValue(text)).toBeCloseTo(value, 12);
  });
});
