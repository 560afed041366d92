import type { OutboundTrafficPolicy, Sidecar } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkConnectionPool } from './connection-pool.ts';
import { checkFqdn, checkPort, checkSelector, checkWildcardDomain, isDnsLabel, itemsOf } from './primitives.ts';
import { checkEgress } from './sidecar-egress.ts';
import { checkIngress } from './sidecar-ingress.ts';
import type { ProblemSink, Validator } from './validator.ts';

export const validateSidecar: Validator<Sidecar> = (sidecar, sink, { namespace }) => {
  const { workloadSelector, inboundConnectionPool, outboundTrafficPolicy } = sidecar;
  const ingress = itemsOf(sidecar.ingress);
  const egress = itemsOf(sidecar.egress);
  const empty = ingress.length === 0 && egress.length === 0 && !outboundTrafficPolicy && !inboundConnectionPool;
  const selector = workloadSelector && { labels: workloadSelector.labels, field: 'labels' };
  // A wrong selector hides everything else, and an empty configuration hides the warning about the selector.
  if (!checkSelector(empty ? sink.errorsOnly() : sink, ['workloadSelector'], selector)) return;
  if (empty) {
    sink.error([], 'sidecar configures nothing', { help: 'give at least one of egress, ingress, outboundTrafficPolicy, inboundConnectionPool' });
    return;
  }
  checkIngress(sink, ['ingress'], ingress);
  checkConnectionPool(sink, ['inboundConnectionPool'], inboundConnectionPool);
  checkEgress(sink, ['egress'], egress, namespace);
  if (outboundTrafficPolicy) checkOutboundPolicy(sink, ['outboundTrafficPolicy'], outboundTrafficPolicy);
};

/** An egress proxy takes what goes to no known service, so such traffic has to be allowed. */
function checkOutboundPolicy(sink: ProblemSink, path: Path, { mode = 'REGISTRY_ONLY', egressProxy }: OutboundTrafficPolicy): void {
  if (!egressProxy) return;
  const at = [...path, 'egressProxy'];
  if (mode !== 'ALLOW_ANY') {
    sink.error(at, `sidecar egressProxy needs mode ALLOW_ANY, and the mode is ${mode}`, { same: 'egressProxy mode' });
    return;
  }
  const { host = '', subset, port } = egressProxy;
  checkFqdn(sink, [...at, 'host'], host);
  if (!port) {
    sink.error([...at, 'port'], 'sidecar egressProxy has no port');
    return;
  }
  if (host === '*') sink.error([...at, 'host'], 'invalid host * of egressProxy');
  else checkWildcardDomain(sink, [...at, 'host'], host);
  if (subset && !isDnsLabel(subset))
    sink.error([...at, 'subset'], `subset name ${subset} is not a DNS label (letters, digits and dashes, no dash at either end)`);
  checkPort(sink, [...at, 'port', 'number'], port.number);
}
