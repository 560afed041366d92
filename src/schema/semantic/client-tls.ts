import type { ClientTLSSettings } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import type { ProblemSink } from './validator.ts';

const configMapPrefix = 'configmap://';

/** `tls` of a traffic policy: TLS from the proxy to the destination. */
export function checkClientTls(sink: ProblemSink, path: Path, tls: ClientTLSSettings | undefined, namespace: string): void {
  if (!tls) return;
  const { mode, credentialName } = tls;
  if (credentialName?.startsWith(configMapPrefix)) checkConfigMap(sink, [...path, 'credentialName'], credentialName, namespace);
  checkSkipVerify(sink, path, tls);
  if (mode !== 'SIMPLE' && mode !== 'MUTUAL') return;
  if (credentialName) {
    const beside = setOf(tls, ['clientCertificate', 'privateKey', 'caCertificates', 'caCrl']);
    if (beside.length > 0) {
      sink.error([...path, beside[0] as string], `cannot have ${beside.join(' and ')} beside credentialName ${credentialName}, which brings the certificates`, {
        same: 'credentialName and files',
      });
    }
    return;
  }
  if (mode === 'MUTUAL') {
    for (const field of ['clientCertificate', 'privateKey'] as const) {
      if (!tls[field])
        sink.error([...path, field], `${field} is missing, which tls mode MUTUAL needs`, { help: 'set clientCertificate and privateKey, or credentialName' });
    }
  }
}

/** CA certificates from a ConfigMap: `configmap://namespace/name`, of the namespace of the rule. */
function checkConfigMap(sink: ProblemSink, path: Path, credential: string, namespace: string): void {
  const [from, name] = credential.slice(configMapPrefix.length).split('/');
  if (!from || !name) {
    sink.error(path, `invalid credentialName "${credential}": it is not of the form ${configMapPrefix}namespace/name`, { help: 'name the namespace, too' });
  } else if (from !== namespace || namespace === '') {
    sink.error(path, `invalid credentialName ${credential}: the ConfigMap is not in the namespace "${namespace}" of this rule`, {
      same: `configmap of another namespace than ${namespace}`,
    });
  }
}

function checkSkipVerify(sink: ProblemSink, path: Path, tls: ClientTLSSettings): void {
  if (!tls.insecureSkipVerify || (tls.mode !== 'SIMPLE' && tls.mode !== 'MUTUAL')) return;
  // A credential of mode MUTUAL may have the client's certificate only.
  const beside = setOf(tls, tls.mode === 'SIMPLE' ? ['caCertificates', 'credentialName', 'subjectAltNames'] : ['caCertificates', 'subjectAltNames']);
  if (beside.length === 0) return;
  sink.error(
    [...path, 'insecureSkipVerify'],
    `cannot have ${beside.join(' and ')} beside insecureSkipVerify, which turns the check of the server's certificate off`,
    {
      same: `insecureSkipVerify ${tls.mode}`,
    },
  );
}

function setOf<Field extends keyof ClientTLSSettings>(tls: ClientTLSSettings, fields: readonly Field[]): Field[] {
  return fields.filter((field) => {
    const value = tls[field];
    return Array.isArray(value) ? value.length > 0 : Boolean(value);
  });
}
