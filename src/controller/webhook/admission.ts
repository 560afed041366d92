// Reviews of admission.k8s.io/v1, as the API server asks for them.
import type { KubeObject } from '../../kube/object.ts';
import { isMap, text } from '../../model/untyped.ts';

export interface AdmissionRequest {
  uid: string;
  kind: { group: string; version: string; kind: string };
  /** `status`, `scale` …; empty for the object itself. */
  subResource: string;
  /** `CREATE`, `UPDATE`, `DELETE` or `CONNECT`. */
  operation: string;
  namespace: string;
  /** Absent for what is deleted. */
  object: KubeObject | undefined;
  /** Absent for what is created. */
  oldObject: KubeObject | undefined;
}

export interface AdmissionAnswer {
  allowed: boolean;
  /** Why it is refused, for users. */
  message?: string;
  /** Fields that are wrong. */
  causes?: readonly { field: string; message: string }[];
  warnings?: readonly string[];
}

/** A request that is no review; the text says why. */
export class NoReviewError extends Error {
  override name = 'NoReviewError';
}

const apiVersion = 'admission.k8s.io/v1';

/** @throws NoReviewError */
export function parseReview(value: unknown): AdmissionRequest {
  if (!isMap(value) || value.kind !== 'AdmissionReview') throw new NoReviewError('the body is no AdmissionReview');
  if (value.apiVersion !== apiVersion)
    throw new NoReviewError(`the AdmissionReview is of ${text(value.apiVersion) || 'no version'}, and only ${apiVersion} is known`);
  const { request } = value;
  if (!isMap(request) || text(request.uid) === '') throw new NoReviewError('the AdmissionReview has no request with a uid');
  const { uid, kind, subResource, operation, namespace, object, oldObject } = request;
  const named = isMap(kind) ? kind : {};
  return {
    uid: text(uid),
    kind: { group: text(named.group), version: text(named.version), kind: text(named.kind) },
    subResource: text(subResource),
    operation: text(operation),
    namespace: text(namespace),
    object: objectOf(object),
    oldObject: objectOf(oldObject),
  };
}

/** The review that answers. */
export function answerReview(uid: string, { allowed, message, causes, warnings }: AdmissionAnswer): Record<string, unknown> {
  const status = { status: 'Failure', code: 422, reason: 'Invalid', message, ...(causes ? { details: { causes } } : {}) };
  return {
    apiVersion,
    kind: 'AdmissionReview',
    response: { uid, allowed, ...(allowed ? {} : { status }), ...(warnings?.length ? { warnings: boundedWarnings(warnings) } : {}) },
  };
}

/** Undefined for what is no object with metadata. */
function objectOf(value: unknown): KubeObject | undefined {
  if (!isMap(value) || typeof value.apiVersion !== 'string' || typeof value.kind !== 'string') return undefined;
  return { ...value, metadata: isMap(value.metadata) ? value.metadata : {} } as unknown as KubeObject;
}

const mostWarnings = 20;
/** API servers cut longer ones. */
const longestWarning = 256;

export function boundedWarnings(warnings: readonly string[]): string[] {
  const shown = warnings.slice(0, mostWarnings).map((warning) => (warning.length > longestWarning ? `${warning.slice(0, longestWarning - 1)}…` : warning));
  const more = warnings.length - shown.length;
  return more > 0 ? [...shown, `and ${more} more`] : shown;
}
