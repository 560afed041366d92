import { KubeError } from './error.ts';
import type { StreamErrors } from './pod-stream.ts';

interface PodName {
  namespace: string;
  name: string;
}

/** What a connection to a pod is for, in errors, after `cannot `. */
export function purposeOf({ namespace, name }: PodName, port: number): string {
  return `connect to port ${port} of pod ${namespace}/${name}`;
}

/** Why there is no stream to a pod, in words about pods. @returns anything but a KubeError as it is */
export function errorOfOpening(error: unknown, pod: PodName, port: number): unknown {
  if (!(error instanceof KubeError)) return error;
  const { status, message } = error;
  const because = (reason: string, why: string, help?: string): KubeError =>
    new KubeError(`cannot ${purposeOf(pod, port)}: ${why}`, { reason, status, help, cause: error });
  // Of a right that the server itself asks for, besides that for the request, it says nothing.
  if (status === 403 && (/^(user .*|this user) may not /.test(message) || /is forbidden: *$/.test(message))) {
    const help = `Port-forwarding takes the verbs get and create on pods/portforward in namespace ${pod.namespace}: ask an administrator of the cluster for a Role that has them.`;
    return new KubeError(/ may not /.test(message) ? message : `this user may not ${purposeOf(pod, port)}`, {
      reason: error.reason,
      status,
      help,
      cause: error,
    });
  }
  // Of a node that is not there the server speaks as of a pod.
  const missing = /pods? "([^"]*)" not found/.exec(message)?.[1];
  if (status === 404 && missing !== undefined && missing !== pod.name) return because('NodeUnreachable', `its node ${missing} is not in the cluster`);
  if (status === 404) return because('NotFound', 'there is no such pod', `kubectl get pods -n ${pod.namespace} lists those that are there.`);
  // The API server knows no node for it, or the kubelet of its node no sandbox.
  if (/does not have a host assigned|pod not found \("|container not running|sandbox .*not (running|ready)/i.test(message))
    return because('PodNotRunning', 'the pod does not run', `kubectl describe pod -n ${pod.namespace} ${pod.name} tells why.`);
  const dialled =
    /error dialing backend: (.*)/s.exec(message)?.[1] ?? /(?:proxy error|connect(?:ing)? to (?:the )?(?:backend|kubelet)).*?: (.*)/is.exec(message)?.[1];
  if (dialled !== undefined)
    return because(
      'NodeUnreachable',
      `the API server does not reach the kubelet of its node (${dialled.trim()})`,
      `Is the node up (kubectl get pod -n ${pod.namespace} ${pod.name} -o wide, kubectl get nodes), and may the API server connect to its port 10250?`,
    );
  return status >= 500 ? because(error.reason, `its kubelet refuses (${said(message)})`, error.help) : error;
}

/** The errors of a stream to a port of a pod. */
export function streamErrors(pod: PodName, port: number): StreamErrors {
  const purpose = purposeOf(pod, port);
  return {
    ofKubelet(text) {
      // What stands before it names the pod by an identifier of the container runtime.
      const why = /^error forwarding port \d+ to pod .*?, uid [^:]*: (.*)$/s.exec(text.trim())?.[1] ?? text.trim();
      if (/connection refused/i.test(why))
        return new KubeError(`cannot ${purpose}: nothing listens there (connection refused)`, {
          reason: 'PortRefused',
          help: 'Has the pod a container that listens on this port, on the loopback interface, and is it started?',
          cause: new Error(text),
        });
      return new KubeError(`cannot ${purpose}: ${why.replace(/\s+/g, ' ').slice(0, 400)}`, { reason: 'PodConnection', cause: new Error(text) });
    },
    ofConnection(cause) {
      return new KubeError(`the connection to port ${port} of pod ${pod.namespace}/${pod.name} was cut${cause ? `: ${cause.message}` : ''}`, {
        reason: 'Unreachable',
        cause,
      });
    },
  };
}

function said(message: string): string {
  return message.replace(/^cannot .*?: /s, '');
}
