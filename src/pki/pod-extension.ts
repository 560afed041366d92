// The pod that a certificate of a workload was signed for, beside its identity, which is that of all pods of an account. Only the control
// plane looks at it; all others pass over an extension that is not critical.
import 'reflect-metadata';
import { Extension, X509Certificate } from '@peculiar/x509';

/** Of nobody else: the arc 2.25 is for numbers that are drawn. */
const podExtension = '2.25.2711866593';
const utf8String = 0x0c;

/** @param pod a name of Kubernetes: up to 253 letters of ASCII */
export function extensionOfPod(pod: string): Extension {
  const text = Buffer.from(pod);
  const length = text.length < 0x80 ? [text.length] : [0x81, text.length];
  return new Extension(podExtension, false, Buffer.from([utf8String, ...length, ...text]));
}

/**
 * @param certificate DER, verified by somebody else
 * @returns undefined where it says nothing of a pod
 */
export function podOfCertificate(certificate: Uint8Array): string | undefined {
  const value = new X509Certificate(new Uint8Array(certificate)).getExtension(podExtension)?.value;
  if (!value) return undefined;
  const [tag, first = 0, ...rest] = Buffer.from(value);
  const text = Buffer.from(first === 0x81 ? rest.slice(1) : rest).toString('utf8');
  return tag === utf8String && /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(text) ? text : undefined;
}
