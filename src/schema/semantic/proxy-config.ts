import type { ProxyConfig } from '../../manifest/istio/proxyconfig.gen.ts';
import { checkSelector } from './primitives.ts';
import type { Validator } from './validator.ts';

export const validateProxyConfig: Validator<ProxyConfig> = ({ selector, concurrency = 0 }, sink) => {
  checkSelector(sink, ['selector'], selector && { labels: selector.matchLabels, field: 'matchLabels' });
  if (concurrency < 0) sink.error(['concurrency'], `concurrency is ${concurrency}; it has to be 0 (all cores) or more`, { same: 'concurrency' });
};
