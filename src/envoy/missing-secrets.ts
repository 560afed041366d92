// What rules name by `credentialName` and whoever runs the proxy does not have.
import { chainsOf, type DownstreamTls } from '../ir/listener.ts';
import type { Origin, RoutingTable } from '../ir/table.ts';
import { hasSecrets as hasUpstreamSecrets } from './clusters/tls-context.ts';
import { hasSecrets } from './listeners/tls.ts';
import type { EnvoyOptions } from './options.ts';
import { certificateOf } from './secrets.ts';

/** Each with the object that is without: a line once. Nothing where a control plane has them, or nobody. */
export function missingSecrets({ listeners, clusters }: Pick<RoutingTable, 'listeners' | 'clusters'>, options: EnvoyOptions) {
  const found: { origin: Origin; message: string }[] = [];
  if (typeof options.secrets !== 'object') return found;
  const add = (origin: Origin | undefined, message: string): void => {
    if (origin && !found.some((one) => one.message === message && isSame(one.origin, origin))) found.push({ origin, message });
  };
  for (const listener of listeners) {
    const { port, origin } = listener;
    for (const { tls } of chainsOf(listener)) {
      if (tls && !hasSecrets(tls, options))
        add(origin, `port ${port}: the Secret ${withoutIt(tls, options)} is missing or incomplete, and connections that need it fail`);
    }
  }
  for (const { tls, host, rule, origins } of clusters) {
    if (!hasUpstreamSecrets(tls, options))
      add(rule ?? origins[0], `TLS to ${host}: the Secret ${tls.credentialName} is missing or incomplete, and connections fail`);
  }
  return found;
}

function withoutIt({ credentialName, moreCredentialNames = [], caCredentialName }: DownstreamTls, options: EnvoyOptions): string | undefined {
  const isShown = [credentialName, ...moreCredentialNames].some((name) => name !== undefined && certificateOf(name, options));
  return isShown ? (caCredentialName ?? credentialName) : (credentialName ?? caCredentialName);
}

function isSame(a: Origin, b: Origin): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name && a.path.join() === b.path.join();
}
