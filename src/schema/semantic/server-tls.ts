import { cipherSuites } from '../../ir/cipher-suites.ts';
import type { ServerTLSSettings } from '../../manifest/istio/networking.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { itemsOf } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

const certificateFields = ['serverCertificate', 'privateKey', 'caCertificates', 'tlsCertificates', 'credentialName', 'credentialNames'] as const;

/** `tls` of a Gateway's server or of a Sidecar's ingress listener: TLS that the proxy terminates. */
export function checkServerTls(sink: ProblemSink, path: Path, tls: ServerTLSSettings): void {
  const { mode = 'PASSTHROUGH' } = tls;
  checkCiphers(sink, path, tls);
  const given = certificateFields.filter((field) => isSet(tls[field]));
  if (mode === 'ISTIO_MUTUAL') {
    for (const field of given) sink.error([...path, field], `ISTIO_MUTUAL TLS uses the certificates of the mesh, so ${field} cannot be set`);
    return;
  }
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH') {
    if (tls.caCrl || given.length > 0) {
      const fields = [...given, ...(tls.caCrl ? ['caCrl'] : [])];
      sink.warning([...path, fields[0] as string], `${mode} mode does not terminate TLS, so ${fields.join(' and ')} is ignored`, {
        same: `${mode} with certificates`,
        help: 'use mode SIMPLE or MUTUAL to terminate TLS here',
      });
    }
  }
  checkSources(sink, path, tls);
  if (mode === 'SIMPLE' || mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL') {
    // A credential brings everything, the revocation list, too.
    if (isSet(tls.credentialName) || isSet(tls.credentialNames)) return;
    checkCertificates(sink, path, tls, mode === 'SIMPLE' ? 'SIMPLE' : 'MUTUAL');
  }
  if (!tls.caCrl) return;
  if (tls.credentialName)
    sink.error([...path, 'caCrl'], 'CRL (caCrl) cannot be set beside credentialName', { help: 'put the revocation list into the credential, as ca.crl' });
  if (mode === 'SIMPLE') sink.error([...path, 'caCrl'], 'CRL (caCrl) is for certificates of clients, which SIMPLE TLS does not ask for');
}

function isSet(value: string | readonly unknown[] | undefined): boolean {
  return value !== undefined && value.length > 0;
}

function checkCiphers(sink: ProblemSink, path: Path, tls: ServerTLSSettings): void {
  const { minProtocolVersion, cipherSuites: suites = [] } = tls;
  const at = [...path, 'cipherSuites'];
  if ((minProtocolVersion === 'TLSV1_0' || minProtocolVersion === 'TLSV1_1') && suites.length === 0) {
    sink.warning([...path, 'minProtocolVersion'], `TLS version ${minProtocolVersion} needs cipherSuites: the default ones are for TLSV1_2 and later`, {
      same: 'ciphers of old TLS',
      help: 'name cipherSuites that old clients know, or leave minProtocolVersion out',
    });
  }
  const valid = new Set<string>();
  const unknown = new Set<string>();
  const duplicate = new Set<string>();
  for (const suite of suites) {
    if (!isCipherSuite(suite)) unknown.add(suite);
    else if (valid.has(suite)) duplicate.add(suite);
    else valid.add(suite);
  }
  const list = (names: Set<string>): string => [...names].sort().join(' ');
  if (unknown.size > 0) sink.warning(at, `ignored, because not known: cipherSuites [${list(unknown)}]`);
  if (duplicate.size > 0) sink.warning(at, `ignored, because given more than once: cipherSuites [${list(duplicate)}]`);
}

/** What begins with an operator of BoringSSL's cipher language (`-ALL`, `[A|B]`) is not looked into. */
function isCipherSuite(suite: string): boolean {
  return suite === '' || suite === 'ALL' || !/^[\p{L}\p{N}]/u.test(suite) || cipherSuites.has(suite);
}

/** The server's certificate comes from one place. */
function checkSources(sink: ProblemSink, path: Path, tls: ServerTLSSettings): void {
  const sources = [
    ...(tls.serverCertificate && tls.privateKey ? ['server_certificate/private_key'] : []),
    ...(tls.credentialName ? ['credential_name'] : []),
    ...(isSet(tls.credentialNames) ? ['credential_names'] : []),
    ...(isSet(tls.tlsCertificates) ? ['tls_certificates'] : []),
  ];
  if (sources.length < 2) return;
  const all = 'server_certificate/private_key, credential_name, credential_names and tls_certificates';
  sink.error(path, `only one source of the server's certificate is possible, and there are ${sources.join(' and ')} (the sources are ${all})`, {
    same: 'certificate sources',
  });
}

function checkCertificates(sink: ProblemSink, path: Path, tls: ServerTLSSettings, mode: 'SIMPLE' | 'MUTUAL'): void {
  const needs = (at: Path, field: string, what: string): void => {
    sink.error([...at, field], `${mode} TLS needs ${what}: ${field} is missing`, { help: `set ${field}, or name a secret in credentialName` });
  };
  if (mode === 'MUTUAL' && !tls.caCertificates) needs(path, 'caCertificates', 'the CA of its clients');
  const list = itemsOf(tls.tlsCertificates);
  if (list.length > 2) {
    sink.warning([...path, 'tlsCertificates'], `${mode} TLS takes up to 2 certificates, and tlsCertificates has ${list.length}`, {
      same: `${mode} with many certificates`,
    });
  }
  const certificates = list.length > 0 ? list.map((item, i) => ({ item, at: [...path, 'tlsCertificates', i] })) : [{ item: tls, at: path }];
  for (const { item, at } of certificates) {
    if (!item.serverCertificate) needs(at, 'serverCertificate', "the server's certificate");
    if (!item.privateKey) needs(at, 'privateKey', "the private key of the server's certificate");
  }
}
