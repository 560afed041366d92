import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type CaptureArguments, captureOptions, defaultArguments, isInterfaceName } from './options.ts';
import { captureRules, type Family, ruleText } from './rules.ts';
import { captureScript, cleanScript } from './script.ts';

const rules = (changes: Partial<CaptureArguments> = {}, family: Family = 4): string[] =>
  captureRules(captureOptions({ ...defaultArguments, ...changes }), family).map(ruleText);
const inChain = (chain: string, changes: Partial<CaptureArguments> = {}, family: Family = 4): string[] =>
  rules(changes, family).flatMap((rule) => (rule.startsWith(`-A ${chain} `) ? [rule.slice(chain.length + 4)] : []));

describe('rules', () => {
  it('lead to the ports of the sidecar', () => {
    expect(inChain('WEFT_REDIRECT')).toEqual(['-p tcp -j REDIRECT --to-ports 15001']);
    expect(inChain('WEFT_IN_REDIRECT', { inboundPort: '16' })).toEqual(['-p tcp -j REDIRECT --to-ports 16']);
  });

  it('of what the application receives', () => {
    expect(inChain('WEFT_INBOUND')).toEqual([
      '-p tcp --dport 15090 -j RETURN',
      '-p tcp --dport 15021 -j RETURN',
      '-p tcp --dport 15020 -j RETURN',
      '-j WEFT_IN_REDIRECT',
    ]);
  });

  it('of what the application sends', () => {
    expect(inChain('WEFT_OUTPUT', { gid: '2000' })).toEqual([
      '-o lo -s 127.0.0.6/32 -j RETURN',
      '-o lo ! -d 127.0.0.1/32 -m owner --uid-owner 1337 -j WEFT_IN_REDIRECT',
      '-o lo ! -d 127.0.0.1/32 -m owner --gid-owner 2000 -j WEFT_IN_REDIRECT',
      '-o lo -j RETURN',
      '-m owner --uid-owner 1337 -j RETURN',
      '-m owner --gid-owner 2000 -j RETURN',
      '-d 127.0.0.1/32 -j RETURN',
      '-j WEFT_REDIRECT',
    ]);
  });

  it.each([
    [
      'only some ports that arrive',
      'WEFT_INBOUND',
      { includeInboundPorts: '80,81', excludeInboundPorts: '' },
      ['-p tcp --dport 80 -j WEFT_IN_REDIRECT', '-p tcp --dport 81 -j WEFT_IN_REDIRECT'],
    ],
    ['none that arrive', 'WEFT_INBOUND', { includeInboundPorts: '', excludeInboundPorts: '' }, []],
    ['an interface that is left alone', 'WEFT_INBOUND', { excludeInterfaces: 'eth1', includeInboundPorts: '', excludeInboundPorts: '' }, ['-i eth1 -j RETURN']],
    [
      'an interface of virtual machines',
      'WEFT_INBOUND',
      { virtualInterfaces: 'net1', includeInboundPorts: '', excludeInboundPorts: '', includeOutboundRanges: '10.0.0.0/8' },
      ['-i net1 -d 10.0.0.0/8 -j WEFT_REDIRECT', '-i net1 -j RETURN'],
    ],
  ])('%s', (_, chain, changes, expected) => {
    expect(inChain(chain, changes)).toEqual(expected);
  });

  const tail = (changes: Partial<CaptureArguments>, family: Family = 4): string[] => {
    const all = inChain('WEFT_OUTPUT', changes, family);
    return all.slice(all.findIndex((rule) => /^-d (?:127\.0\.0\.1\/32|::1\/128) /.test(rule)) + 1);
  };

  it.each([
    ['ranges', { includeOutboundRanges: '10.0.0.0/8,fd00::/8' }, 4, ['-d 10.0.0.0/8 -j WEFT_REDIRECT']],
    ['ranges of IPv6', { includeOutboundRanges: '10.0.0.0/8,fd00::/8' }, 6, ['-d fd00::/8 -j WEFT_REDIRECT']],
    ['nothing', { includeOutboundRanges: '' }, 4, []],
    ['all but ranges', { excludeOutboundRanges: '10.9.0.0/16,fd09::/16' }, 4, ['-d 10.9.0.0/16 -j RETURN', '-j WEFT_REDIRECT']],
    ['all but ranges of IPv6', { excludeOutboundRanges: '10.9.0.0/16,fd09::/16' }, 6, ['-d fd09::/16 -j RETURN', '-j WEFT_REDIRECT']],
    [
      'ports, and ranges',
      { includeOutboundPorts: '443', includeOutboundRanges: '10.0.0.0/8' },
      4,
      ['-p tcp --dport 443 -j WEFT_REDIRECT', '-d 10.0.0.0/8 -j WEFT_REDIRECT'],
    ],
    ['all ports', { includeOutboundPorts: '*', includeOutboundRanges: '' }, 4, ['-j WEFT_REDIRECT']],
  ] as const)('outbound: %s', (_, changes, family, expected) => {
    expect(tail(changes, family)).toEqual(expected);
  });

  it('ports that are left out come before everything', () => {
    expect(inChain('WEFT_OUTPUT', { excludeOutboundPorts: '5432', excludeInterfaces: 'eth1' }).slice(0, 2)).toEqual([
      '-o eth1 -j RETURN',
      '-p tcp --dport 5432 -j RETURN',
    ]);
  });

  it('who includes loopback gets it', () => {
    expect(inChain('WEFT_OUTPUT', { includeOutboundRanges: '127.0.0.0/8' })).not.toContain('-o lo -j RETURN');
    expect(inChain('WEFT_OUTPUT', { includeOutboundRanges: '127.0.0.0/8' }, 6)).toContain('-o lo -j RETURN');
  });

  it('of IPv6 have its addresses', () => {
    expect(inChain('WEFT_OUTPUT', {}, 6).slice(0, 2)).toEqual([
      '-o lo -s ::6/128 -j RETURN',
      '-o lo ! -d ::1/128 -m owner --uid-owner 1337 -j WEFT_IN_REDIRECT',
    ]);
  });
});

describe('arguments that make no sense', () => {
  it.each([
    ['outboundPort', 'x', '--outbound-port: "x" is not a port'],
    ['outboundPort', '1,2', '--outbound-port takes exactly one port'],
    ['inboundPort', '', '--inbound-port takes exactly one port'],
    ['uid', '0', '--uid: "0" is not the number'],
    ['gid', 'root', '--gid: "root"'],
    ['includeOutboundRanges', '10.0.0.1', '--include-outbound-ranges: "10.0.0.1" is not a CIDR'],
    ['excludeOutboundRanges', '*', '--exclude-outbound-ranges: "*"'],
    ['includeInboundPorts', '70000', '--include-inbound-ports: "70000"'],
    ['excludeInterfaces', 'a b', '--exclude-interfaces: "a b"'],
    ['virtualInterfaces', "x';reboot;'", '--virtual-interfaces'],
  ])('%s %s', (argument, value, said) => {
    expect(() => captureOptions({ ...defaultArguments, [argument]: value })).toThrow(said);
  });
});

it.each([
  ['eth0', true],
  ['net+', true],
  ['veth1.2@if3', true],
  ['', false],
  ['+', false],
  ['a-name-that-is-too-long', false],
  ['$(x)', false],
  ["a'b", false],
])('the name of an interface %s: %s', (name, expected) => {
  expect(isInterfaceName(name)).toBe(expected);
});

it.each([
  ['redirecting', captureScript(captureOptions({ ...defaultArguments, excludeInterfaces: 'eth1,net+', excludeOutboundRanges: '10.0.0.0/8,fd00::/8' }))],
  ['cleaning', cleanScript()],
])('the script for %s is one for every shell', (_, script) => {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});
