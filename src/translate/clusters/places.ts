// Which places of proxies the clusters of a mesh depend on.
import type { LocalityLoadBalancerSetting } from '../../manifest/istio/networking.gen.ts';
import type { Rule } from '../../model/destination-rules.ts';
import type { Mesh } from '../../model/mesh.ts';
import { Services } from '../../model/services.ts';
import { hostnameLabel } from '../../model/workload-endpoints.ts';
import { writtenBlocks } from '../traffic-policy.ts';
import { staysOnNode } from './endpoints.ts';
import { preferredLabels } from './localities.ts';

/** What of the places of proxies makes a difference to any of them. */
export interface Places {
  localities: boolean;
  /** Labels of clients that are compared with those of endpoints. */
  labels: ReadonlySet<string>;
  nodes: boolean;
}

/** No less than what `applyLocalities` reads for the clusters of a mesh; and of the nodes that traffic stays on. */
export function placesThatMatter(mesh: Mesh): Places {
  return mesh.memo('places that matter', ['Service', 'ServiceEntry', 'DestinationRule', 'MeshConfig'], () => {
    const ofServices = new Set(Services.of(mesh).all.map(({ trafficDistribution }) => trafficDistribution));
    const ofRules = mesh.list('DestinationRule').map(settingsIn);
    const settings = [mesh.meshConfig.localityLbSetting, ...ofRules.flatMap((rule) => rule.settings)].filter((setting) => setting !== undefined);
    const written = settings.flatMap(({ failoverPriority = [] }) => failoverPriority.filter((label) => typeof label === 'string'));
    const preferred = [...ofServices].flatMap((distribution) => (distribution === 'any' ? [] : preferredLabels[distribution]));
    const labels = new Set([...written.map((label) => label.split('=')[0] ?? ''), ...preferred]);
    const placed = labels.size > 0 || settings.some(({ distribute }) => (distribute?.length ?? 0) > 0);
    const local = Services.of(mesh).all.some(staysOnNode);
    return { localities: placed || ofRules.some(({ outlier }) => outlier), labels, nodes: local || labels.has(hostnameLabel) };
  });
}

interface RuleSettings {
  settings: readonly LocalityLoadBalancerSetting[];
  /** Hosts that fail are noticed, and others take their place. */
  outlier: boolean;
}

const rules = new WeakMap<Rule, RuleSettings>();

function settingsIn(rule: Rule): RuleSettings {
  let found = rules.get(rule);
  if (!found) {
    found = {
      settings: writtenBlocks(rule.spec, 'loadBalancer').flatMap(({ value }) => value.localityLbSetting ?? []),
      outlier: writtenBlocks(rule.spec, 'outlierDetection').length > 0,
    };
    rules.set(rule, found);
  }
  return found;
}
