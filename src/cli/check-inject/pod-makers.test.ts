import { describe, expect, it } from 'vitest';
import { type PodMaker, podMakers, podMakerVersions } from './pod-makers.ts';

describe('kinds that make pods', () => {
  it.each<[keyof typeof podMakers, PodMaker]>([
    ['po', 'Pod'],
    ['deploy', 'Deployment'],
    ['deployments', 'Deployment'],
    ['sts', 'StatefulSet'],
    ['ds', 'DaemonSet'],
    ['rs', 'ReplicaSet'],
    ['replicasets', 'ReplicaSet'],
    ['jobs', 'Job'],
    ['cj', 'CronJob'],
    ['cronjobs', 'CronJob'],
    ['rc', 'ReplicationController'],
    ['replicationcontrollers', 'ReplicationController'],
  ])('%s is a %s', (word, kind) => expect(podMakers[word]).toBe(kind));

  it('are all asked for at some version', () => {
    expect(new Set(Object.values(podMakers))).toEqual(new Set(Object.keys(podMakerVersions)));
    expect(podMakers).not.toHaveProperty('we');
  });
});
