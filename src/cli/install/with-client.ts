import type { KubeClient } from '../../kube/client.ts';
import { type ClusterFlags, connectWith, toCliError } from '../cluster.ts';
import { exitCode } from '../exit.ts';
import { write } from '../terminal.ts';
import { Cancelled } from './confirm.ts';

/**
 * Runs what needs a cluster, and ends the connections to it.
 *
 * @returns the exit code; that of an error where the user did not want it
 * @throws CliError for what the cluster refuses or cannot do
 */
export async function withClient(flags: ClusterFlags, run: (client: KubeClient) => Promise<number>): Promise<number> {
  const client = await connectWith(flags);
  try {
    return await run(client);
  } catch (error) {
    if (!(error instanceof Cancelled)) throw toCliError(error);
    write('stderr', `${error.message}\n`);
    return exitCode.error;
  } finally {
    client.close();
  }
}
