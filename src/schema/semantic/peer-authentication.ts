import type { PeerAuthentication } from '../../manifest/istio/security.gen.ts';
import { checkSelector, isPort } from './primitives.ts';
import type { Validator } from './validator.ts';

export const validatePeerAuthentication: Validator<PeerAuthentication> = (spec, sink) => {
  const { selector, portLevelMtls = {} } = spec;
  const ports = Object.keys(portLevelMtls);
  if (ports.length > 0 && Object.keys(selector?.matchLabels ?? {}).length === 0) {
    sink.error(['portLevelMtls'], 'a policy for a whole mesh or namespace cannot have port level mTLS', {
      help: 'choose the workloads whose ports these are with selector.matchLabels, or move mode up to mtls',
    });
  }
  for (const port of ports) {
    if (!isPort(Number(port))) sink.error(['portLevelMtls', port], `${port} is not a port; ports go from 1 to 65535`, { same: 'port range' });
  }
  checkSelector(sink, ['selector'], selector && { labels: selector.matchLabels, field: 'matchLabels' });
};
