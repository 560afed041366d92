import { fullName, proxyName, typeName } from '../../envoy/xds/proxy-statuses.ts';
import type { XdsPeer, XdsServerEvents } from '../../envoy/xds/server.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';

/** What proxies do, as lines of the log. */
export function eventsLog(log: ScopeLog): XdsServerEvents {
  const fieldsOf = ({ node, variant, peer }: XdsPeer): Record<string, unknown> => ({
    proxy: fullName(proxyName(node)),
    program: node.userAgent,
    protocol: variant,
    peer,
  });
  return {
    connected: (peer) => log.info('a proxy is connected', fieldsOf(peer)),
    disconnected: (peer, problem) => {
      if (problem === undefined) log.info('a proxy is gone', fieldsOf(peer));
      else log.warning(`a proxy gets nothing more: ${problem}`, fieldsOf(peer));
    },
    secretsDenied: (peer, reason) => log.warning(`a proxy asks for Secrets and gets none: ${reason}`, fieldsOf(peer)),
    refused: (peer, typeUrl, text) =>
      log.error(`a proxy refuses what it was sent, and goes on with what it had: ${text}`, { ...fieldsOf(peer), type: typeName(typeUrl) }),
  };
}
