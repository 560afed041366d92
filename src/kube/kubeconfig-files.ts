import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeError } from './error.ts';

/**
 * The texts of the kubeconfig files that hold: the one that is named, else those of `$KUBECONFIG`, else `~/.kube/config`.
 *
 * @returns empty where no file is named and none is there
 * @throws KubeError 'NoConfig' where a file that is named is not there, or cannot be read
 */
export async function readKubeconfigFiles(named: string | undefined, env: NodeJS.ProcessEnv): Promise<{ file: string; text: string }[]> {
  if (named !== undefined) return [await read(named)];
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  if (listed.length > 0) {
    // kubectl writes new files of the list, and so leaves out those that are not there yet.
    const there = listed.filter((file) => existsSync(file));
    if (there.length === 0)
      throw new KubeError(`there is no kubeconfig: $KUBECONFIG names ${listed.join(', ')}, which ${listed.length > 1 ? 'are' : 'is'} not there`, {
        reason: 'NoConfig',
        help: 'Correct KUBECONFIG, or name a file with --kubeconfig.',
      });
    return Promise.all(there.map(read));
  }
  const usual = join(env.HOME || homedir(), '.kube', 'config');
  return existsSync(usual) ? [await read(usual)] : [];
}

async function read(file: string): Promise<{ file: string; text: string }> {
  try {
    return { file, text: await readFile(file, 'utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : code === 'EACCES' ? 'may not be read' : code === 'EISDIR' ? 'is a folder' : `cannot be read: ${message}`;
    throw new KubeError(`the kubeconfig ${file} ${why}`, { reason: 'NoConfig', cause: error });
  }
}
