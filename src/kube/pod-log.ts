import type { KubeClient } from './client.ts';
import { resourcePath } from './path.ts';
import { podResource } from './pods.ts';
import type { PodName } from './port-forward.ts';

export interface PodLogOptions {
  container: string;
  /** Of the container that ran before this one. */
  previous?: boolean;
  /** Only what was written from then on. */
  since?: Date | undefined;
  /** Only so many lines, the last ones. */
  tailLines?: number | undefined;
  /** Each line begins with when it was written, as RFC 3339 with nanoseconds. */
  timestamps?: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * The log of a container as it comes. It takes the right to get `pods/log`.
 *
 * @throws KubeError
 */
export function podLog(
  client: Pick<KubeClient, 'stream'>,
  { namespace, name }: PodName,
  { container, previous, since, tailLines, timestamps, signal }: PodLogOptions,
): Promise<AsyncGenerator<Buffer, void, undefined>> {
  return client.stream(resourcePath(podResource, namespace, name, 'log'), {
    query: {
      container,
      previous: previous || undefined,
      sinceTime: since?.toISOString().replace(/\.\d+Z$/, 'Z'),
      tailLines,
      timestamps: timestamps || undefined,
    },
    signal,
    purpose: `read the log of ${previous ? 'the one before ' : ''}container ${container} of pod ${namespace}/${name}`,
  });
}
