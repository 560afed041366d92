import { parseDuration } from '../../manifest/duration.ts';
import type { MeshConfig } from '../../manifest/istio/mesh.gen.ts';
import type { Path } from '../../manifest/problem.ts';
import { checkExtensionProviders } from './extension-providers.ts';
import { checkLocality } from './locality.ts';
import { checkMeshProxyConfig } from './mesh-proxy-config.ts';
import { checkDuration, checkPort, checkWildcardDomain, isDnsLabel, itemsOf } from './primitives.ts';
import type { ProblemSink, Validator } from './validator.ts';

/**
 * Checks the mesh configuration, defaults included. The control plane does not start with a wrong one, and keeps the one before
 * when a wrong one is applied. Absent fields have defaults, which are in order.
 */
export const validateMeshConfig: Validator<MeshConfig> = (spec, sink) => {
  if (spec.proxyListenPort !== undefined) checkPort(sink, ['proxyListenPort'], spec.proxyListenPort);
  checkConnectTimeout(sink, spec.connectTimeout);
  const detection = parseDuration(spec.protocolDetectionTimeout ?? '0s') ?? 0;
  if (detection % 1e6 !== 0) {
    sink.error(['protocolDetectionTimeout'], `a duration of ${spec.protocolDetectionTimeout} is finer than whole milliseconds`);
  }
  checkMeshProxyConfig(sink, ['defaultConfig'], spec.defaultConfig ?? {});
  checkLocality(sink, ['localityLbSetting'], spec.localityLbSetting, {});
  itemsOf(spec.serviceSettings).forEach(({ hosts = [] }, i) => {
    hosts.forEach((host, k) => {
      checkWildcardDomain(sink, ['serviceSettings', i, 'hosts', k], host);
    });
  });
  if (spec.trustDomain !== undefined) checkTrustDomain(sink, ['trustDomain'], spec.trustDomain);
  spec.trustDomainAliases?.forEach((alias, i) => {
    checkTrustDomain(sink, ['trustDomainAliases', i], alias);
  });
  checkExtensionProviders(sink, ['extensionProviders'], itemsOf(spec.extensionProviders));
  if (spec.meshMTLS?.ecdhCurves?.length) {
    sink.error(['meshMTLS', 'ecdhCurves'], 'mTLS within the mesh does not take ECDH curves', {
      help: 'set them in tlsDefaults, for connections from and to the outside',
    });
  }
  checkCurves(sink, ['tlsDefaults', 'ecdhCurves'], spec.tlsDefaults?.ecdhCurves ?? []);
};

function checkConnectTimeout(sink: ProblemSink, timeout: string | undefined): void {
  checkDuration(sink, ['connectTimeout'], timeout);
  if ((parseDuration(timeout ?? '0s') ?? 0) > 3600e9) sink.error(['connectTimeout'], `a connectTimeout of ${timeout} is too long; the most is 1h`);
}

/** Like a domain, but its labels may be numbers; it may end in a dot. */
function checkTrustDomain(sink: ProblemSink, path: Path, domain: string): void {
  const labels = domain.split('.');
  if (labels.length > 1 && labels[labels.length - 1] === '') labels.pop();
  if (labels.every(isDnsLabel)) return;
  sink.error(
    path,
    domain === '' ? 'a trust domain cannot be empty' : `${JSON.stringify(domain)} is not a trust domain, which is a domain name such as cluster.local`,
  );
}

/** The curves of BoringSSL; an empty name is its default. */
const curves: ReadonlySet<string> = new Set(['', 'P-224', 'P-256', 'P-521', 'P-384', 'X25519', 'X25519Kyber768Draft00', 'X25519MLKEM768']);

function checkCurves(sink: ProblemSink, path: Path, names: readonly string[]): void {
  const seen = new Set<string>();
  names.forEach((name, i) => {
    if (!curves.has(name)) sink.warning([...path, i], `ECDH curve ${name} is not known; there are ${[...curves].filter(Boolean).join(', ')}`);
    else if (seen.has(name)) sink.warning([...path, i], `ECDH curve ${name} is named twice`);
    seen.add(name);
  });
}
