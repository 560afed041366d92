import { describe, expect, it } from 'vitest';
import { KubeError } from '../kube/error.ts';
import { asksForCluster, type ClusterFlags, connectOptions, isKubeError, toCliError } from './cluster.ts';
import { CliError } from './exit.ts';

describe('the flags of a cluster', () => {
  it.each<[string, ClusterFlags, ReturnType<typeof connectOptions>]>([
    ['none', {}, {}],
    ['a file and a context', { kubeconfig: 'a', context: 'b' }, { kubeconfig: 'a', context: 'b' }],
    ['somebody else', { as: 'ana', asGroup: ['dev', 'ops'], asUid: '7' }, { as: 'ana', asGroups: ['dev', 'ops'], asUid: '7' }],
    ['a time', { kubeclientTimeout: '1m30s' }, { timeoutMs: 90_000 }],
    ['a short time', { kubeclientTimeout: '1ns' }, { timeoutMs: 1 }],
    ['no limit', { kubeclientTimeout: '0' }, { timeoutMs: 2_147_483_647 }],
  ])('%s', (_, flags, expected) => expect(connectOptions(flags)).toEqual(expected));

  it.each<[ClusterFlags, RegExp]>([
    [{ asGroup: ['dev'] }, /--as-group needs --as/],
    [{ asUid: '7' }, /--as-uid needs --as/],
    [{ kubeclientTimeout: 'soon' }, /--kubeclient-timeout takes a duration such as 15s, not "soon"/],
    [{ kubeclientTimeout: '-1s' }, /takes a duration/],
  ])('%j is wrong usage', (flags, message) => {
    expect(() => connectOptions(flags)).toThrow(message);
    expect(() => connectOptions(flags)).toThrow(expect.objectContaining({ exit: 64 }));
  });

  it.each([
    [{}, false],
    [{ useKube: true }, true],
    [{ context: 'prod' }, true],
    [{ kubeconfig: 'file' }, true],
    [{ useKube: false, context: 'prod' }, false],
  ])('%j: beside files the cluster is read: %j', (flags, expected) => expect(asksForCluster(flags)).toBe(expected));
});

it('what a cluster refuses is the mistake of a user, and what is not from there is not touched', () => {
  const error = toCliError(new KubeError('user ana may not list pods', { reason: 'Forbidden', status: 403, help: 'Ask for a Role.' }));
  expect(error).toBeInstanceOf(CliError);
  expect(error).toMatchObject({ message: 'user ana may not list pods', exit: 1, help: 'Ask for a Role.' });
  const bug = new TypeError('x is not a function');
  expect(toCliError(bug)).toBe(bug);
  expect([isKubeError(bug), isKubeError(undefined), isKubeError(new KubeError('a', { reason: 'Timeout' }))]).toEqual([false, false, true]);
});
