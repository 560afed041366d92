import { usageError } from '../exit.ts';

/** @throws CliError (usage) for `*`: the sockets of an Envoy that weft configures are of one family each */
export function checkBind({ bind }: { bind: string }): void {
  if (bind === '*') throw usageError('--bind * is for the embedded engine: a listener of Envoy has one address here', 'Say 0.0.0.0 or ::.');
}
