import type { DestinationRule } from '../../manifest/istio/networking.gen.ts';
import { checkExportTo, checkLabelMap, checkSelector, checkWildcardDomain, isDnsLabel, itemsOf } from './primitives.ts';
import { checkTrafficPolicy } from './traffic-policy.ts';
import type { Validator } from './validator.ts';

export const validateDestinationRule: Validator<DestinationRule> = (rule, sink, { namespace }) => {
  checkWildcardDomain(sink, ['host'], rule.host ?? '');
  checkTrafficPolicy(sink, ['trafficPolicy'], rule.trafficPolicy, namespace);
  const names = new Set<string>();
  itemsOf(rule.subsets).forEach((subset, i) => {
    const { name = '' } = subset;
    const path = ['subsets', i];
    if (names.has(name)) sink.error([...path, 'name'], name === '' ? 'duplicate subset without a name' : `duplicate subset name ${name}`);
    names.add(name);
    if (name === '') sink.error([...path, 'name'], 'subset name is missing', { help: 'give the subset a name that routes can use' });
    else if (!isDnsLabel(name)) sink.error([...path, 'name'], `subset name ${name} is not a DNS label (letters, digits and dashes, no dash at either end)`);
    checkLabelMap(sink, [...path, 'labels'], subset.labels);
    checkTrafficPolicy(sink.errorsOnly(), [...path, 'trafficPolicy'], subset.trafficPolicy, namespace);
  });
  const selector = rule.workloadSelector;
  checkExportTo(sink, rule.exportTo, namespace, { ownNamespaceOnly: selector !== undefined });
  checkSelector(sink, ['workloadSelector'], selector && { labels: selector.matchLabels, field: 'matchLabels' });
};
