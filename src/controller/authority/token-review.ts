// Asks the cluster whose token this is (TokenReview).
import { status } from '@grpc/grpc-js';
import type { KubeClient } from '../../kube/client.ts';
import { isMap, text } from '../../model/untyped.ts';
import { SigningRefusal } from '../../pki/signing/service.ts';
import type { ReviewedToken } from './caller.ts';

/** Tokens for anybody else are refused, such as those that a pod has for the API server. */
export const tokenAudience = 'istio-ca';
/** Longer than any that Kubernetes makes. */
const longestToken = 16 * 1024;

/**
 * @throws SigningRefusal UNAUTHENTICATED for a token that the cluster does not know, that is for another audience, or of somebody who
 *   is no service account; UNAVAILABLE where the cluster cannot be asked
 */
export async function reviewToken(client: KubeClient, token: string): Promise<ReviewedToken> {
  if (token.length > longestToken) throw refused('it is too long');
  let answer: Record<string, unknown>;
  try {
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token, audiences: [tokenAudience] } };
    answer = await client.create(review);
  } catch (error) {
    throw new SigningRefusal(status.UNAVAILABLE, 'the cluster cannot be asked about the token', (error as Error).message);
  }
  const result = isMap(answer.status) ? answer.status : {};
  if (result.authenticated !== true) throw refused(text(result.error) || 'the cluster does not know it');
  // An API server that knows no audiences says none, and has looked at none.
  if (!texts(result.audiences).includes(tokenAudience)) throw refused(`it is not for the audience ${tokenAudience}`);
  const user = isMap(result.user) ? result.user : {};
  const [, namespace, serviceAccount] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(text(user.username)) ?? [];
  if (namespace === undefined || serviceAccount === undefined) throw refused('it is not that of a service account');
  const extra = isMap(user.extra) ? user.extra : {};
  const [pod] = texts(extra['authentication.kubernetes.io/pod-name']);
  return { namespace, serviceAccount, ...(pod === undefined ? {} : { pod }) };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function refused(why: string): SigningRefusal {
  return new SigningRefusal(status.UNAUTHENTICATED, `the token is refused: ${why}`);
}
