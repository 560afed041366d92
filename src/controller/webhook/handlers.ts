import type { KubeObject } from '../../kube/object.ts';
import { isMap, text } from '../../model/untyped.ts';
import { type CheckResource, loadChecks } from '../../pipeline/check-resource.ts';
import type { ScopeLog } from '../../proxy/telemetry/log.ts';
import type { MeshState } from '../mesh-state.ts';
import type { ControllerMetrics } from '../monitoring/metrics.ts';
import { istioKinds } from '../watch/watched-kinds.ts';
import { answerReview, parseReview } from './admission.ts';
import type { PodInjector } from './injection.ts';
import type { ReviewHandler } from './server.ts';
import { validateObject } from './validation.ts';

export interface WebhookParts {
  state: MeshState;
  injector: PodInjector;
  nodes(): Iterable<KubeObject>;
  metrics: ControllerMetrics;
  log: ScopeLog;
}

/** The webhooks by their paths. */
export function webhookHandlers({ state, injector, nodes, metrics, log }: WebhookParts): Readonly<Record<string, ReviewHandler>> {
  let checks: Promise<CheckResource> | undefined;
  return {
    '/inject': (review) => {
      const began = performance.now();
      const { body, outcome, pod, reason } = injector.review(review, state.mesh, () => [...nodes()].map(kubeletVersion));
      metrics.time('weft_injection_milliseconds', performance.now() - began);
      metrics.count('weft_injections_total', [outcome]);
      if (outcome === 'failed') log.warning(`a pod is refused: ${reason}`, { pod });
      else log.debug(outcome === 'injected' ? 'a pod was injected' : `a pod was not injected: ${reason}`, { pod });
      return body;
    },
    '/validate': async (review) => {
      const began = performance.now();
      const request = parseReview(review);
      checks ??= loadChecks(istioKinds);
      const answer = validateObject(request, await checks);
      metrics.time('weft_validation_milliseconds', performance.now() - began);
      metrics.count('weft_validations_total', [istioKinds.includes(request.kind.kind) ? request.kind.kind : 'other', answer.allowed ? 'allowed' : 'refused']);
      if (!answer.allowed) log.info(`an object is refused: ${answer.message}`);
      return answerReview(request.uid, answer);
    },
  };
}

function kubeletVersion({ status }: KubeObject): string {
  const { nodeInfo } = isMap(status) ? status : {};
  return isMap(nodeInfo) ? text(nodeInfo.kubeletVersion) : '';
}
