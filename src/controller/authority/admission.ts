// Who may have what of the control plane.
import { status } from '@grpc/grpc-js';
import { identityOfNode } from '../../envoy/node.ts';
import type { SecuredSettings } from '../../envoy/xds/server.ts';
import { XdsDenial, type XdsNode } from '../../envoy/xds/view.ts';
import { SigningRefusal } from '../../pki/signing/service.ts';
import type { Caller, Callers } from './caller.ts';

export interface AdmissionSettings {
  callers: Callers;
  /** Of the control plane: who is in it may ask what all proxies have. */
  istioNamespace: string;
  /** Service account of a pod of the cluster; undefined: there is no such pod, or it was not heard of yet. */
  accountOf(namespace: string, pod: string): string | undefined;
  refused(peer: string, problem: string): void;
}

/**
 * A stream is for a proxy of its caller's own service account: nobody gets the configuration of another.
 *
 * Secrets are for the pod that a token or a certificate is of, with what the cluster knows of it: others of its account, or of its
 * namespace, cannot say that they were the gateway.
 */
export function admission({ callers, istioNamespace, accountOf, refused }: AdmissionSettings): Pick<SecuredSettings, 'prove' | 'admit' | 'admitStatus'> {
  return {
    async prove(call) {
      try {
        await callers.of(call);
      } catch (error) {
        refused(call.getPeer(), error instanceof SigningRefusal ? error.text : (error as Error).message);
        if (error instanceof SigningRefusal) throw new XdsDenial(error.code, error.message);
        throw error;
      }
    },
    async admit(call) {
      const caller = await callers.of(call);
      return {
        check(node) {
          const problem = problemOf(caller, node);
          if (problem === undefined) return;
          refused(call.getPeer(), problem);
          throw new XdsDenial(status.PERMISSION_DENIED, problem);
        },
        secretsDenial(node) {
          const { namespace, serviceAccount, pod, spiffeId } = caller;
          const read = identityOfNode(node);
          if (pod === undefined) return `${spiffeId} has not proven which pod it is: a token that is bound to one says it`;
          if (!('identity' in read) || read.identity.name !== pod) return `it does not say that it is the proxy of pod ${namespace}/${pod}`;
          const account = accountOf(namespace, pod);
          if (account === serviceAccount) return undefined;
          return account === undefined
            ? `the cluster has no pod ${namespace}/${pod}`
            : `pod ${namespace}/${pod} is of service account ${account}, not of ${serviceAccount}`;
        },
      };
    },
    async admitStatus(call) {
      const caller = await callers.of(call);
      if (caller.namespace === istioNamespace) return;
      const problem = `${caller.spiffeId} may not ask what other proxies have: those of namespace ${istioNamespace} may`;
      refused(call.getPeer(), problem);
      throw new XdsDenial(status.PERMISSION_DENIED, problem);
    },
  };
}

/** Why a caller is not the proxy of a node; undefined: it may be. A node that cannot be read is for others to refuse. */
function problemOf({ namespace, serviceAccount, pod, spiffeId }: Caller, node: XdsNode): string | undefined {
  const read = identityOfNode(node);
  if ('problem' in read) return undefined;
  const { identity } = read;
  if (identity.namespace !== namespace || identity.serviceAccount !== serviceAccount) {
    return `${spiffeId} may not have the configuration of service account ${identity.namespace}/${identity.serviceAccount}`;
  }
  if (pod !== undefined && identity.name !== '' && identity.name !== pod) {
    return `pod ${namespace}/${pod} may not have the configuration of pod ${identity.namespace}/${identity.name}`;
  }
  return undefined;
}
