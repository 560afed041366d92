// The webhook's answer: an AdmissionReview in, one with a patch out. Pure, so that a dry run is like any other.
import { isMap, text } from '../model/untyped.ts';
import type { InjectionConfig } from './config.ts';
import { InjectionError } from './error.ts';
import { injectPod } from './inject.ts';
import { jsonPatch } from './json-patch.ts';
import { ownerOfPod } from './owner.ts';
import type { PodMetadata } from './pod.ts';
import type { MeshSettings } from './settings.ts';

/** What the webhook of one revision knows. */
export interface ReviewDeps {
  config: InjectionConfig;
  /** Of the pod's namespace and labels, where ProxyConfigs and the mesh configuration say something of it. */
  mesh?: (pod: { namespace: string; labels: Readonly<Record<string, string>> }) => MeshSettings;
  /** Of all kubelets, such as `v1.33.2`. */
  nodeVersions?: () => readonly string[];
}

/** What is sent back, and what there is to log and to count. */
export interface ReviewReply {
  /** 400 where there is no review to answer. */
  status: 200 | 400;
  body: AdmissionReview | { message: string };
  outcome: 'injected' | 'skipped' | 'failed';
  /** `shop/web-7d4b…`; empty where that is not known. */
  pod: string;
  /** Why it is not injected. */
  reason: string;
}

/** `admission.k8s.io/v1` */
export interface AdmissionReview {
  apiVersion: 'admission.k8s.io/v1';
  kind: 'AdmissionReview';
  response: {
    uid: string;
    allowed: boolean;
    status?: { code: number; message: string };
    patchType?: 'JSONPatch';
    /** Base64 of JSON. */
    patch?: string;
  };
}

/** Answers one review. What cannot be injected is not let in: a pod without the sidecar that it is to have may be open. Never throws for what the review says. */
export function reviewInjection(review: unknown, deps: ReviewDeps): ReviewReply {
  const request = isMap(review) && review.kind === 'AdmissionReview' && isMap(review.request) ? review.request : undefined;
  if (!request || typeof request.uid !== 'string' || request.uid === '') {
    const message = 'this is no AdmissionReview with a request and its uid';
    return { status: 400, body: { message }, outcome: 'failed', pod: '', reason: message };
  }
  const { uid, object } = request;
  const answer = (response: Omit<AdmissionReview['response'], 'uid'>): AdmissionReview => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, ...response },
  });
  const refuse = (pod: string, message: string): ReviewReply => ({
    status: 200,
    body: answer({ allowed: false, status: { code: 400, message } }),
    outcome: 'failed',
    pod,
    reason: message,
  });
  if (!isMap(review) || review.apiVersion !== 'admission.k8s.io/v1')
    return refuse('', `the review is of ${JSON.stringify(isMap(review) ? review.apiVersion : undefined)}, and only admission.k8s.io/v1 is answered`);
  if (!isMap(object)) return refuse('', 'the request has no object');
  const metadata = isMap(object.metadata) ? (object.metadata as PodMetadata) : {};
  const namespace = text(metadata.namespace) || text(request.namespace) || 'default';
  const pod = `${namespace}/${text(metadata.name) || `${text(metadata.generateName)}…`}`;
  if (object.kind !== 'Pod') return refuse(pod, `the object is a ${JSON.stringify(object.kind)}, and only pods are injected`);
  if (request.operation !== undefined && request.operation !== 'CREATE') {
    // The containers of a pod that is there cannot change.
    return { status: 200, body: answer({ allowed: true }), outcome: 'skipped', pod, reason: 'only new pods are injected' };
  }
  try {
    const labels = isMap(metadata.labels) ? (metadata.labels as Record<string, string>) : {};
    const mesh = deps.mesh?.({ namespace, labels });
    const context = { namespace, owner: ownerOfPod(metadata), ...(mesh ? { mesh } : {}), nodeVersions: deps.nodeVersions?.() ?? [] };
    const result = injectPod(object, context, deps.config);
    if (!result.injected) return { status: 200, body: answer({ allowed: true }), outcome: 'skipped', pod, reason: result.reason };
    const before = { ...(object.metadata === undefined ? {} : { metadata: object.metadata }), spec: object.spec };
    const patch = jsonPatch(before, result.pod);
    const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
    return { status: 200, body: answer({ allowed: true, patchType: 'JSONPatch', patch: encoded }), outcome: 'injected', pod, reason: '' };
  } catch (error) {
    if (error instanceof InjectionError)
      return refuse(pod, [`the pod ${pod} cannot be injected: ${error.message}`, error.help ?? ''].join('. ').replace(/\. $/, ''));
    throw error;
  }
}
