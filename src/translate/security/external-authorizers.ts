// Services that CUSTOM policies ask: `extensionProviders` of the mesh configuration.
import type { ExternalAuthorizer, TextMatcher } from '../../ir/authorization.ts';
import { outboundClusterName } from '../../ir/cluster.ts';
import type {
  MeshConfig_ExtensionProvider,
  MeshConfig_ExtensionProvider_EnvoyExternalAuthorizationGrpcProvider,
  MeshConfig_ExtensionProvider_EnvoyExternalAuthorizationHttpProvider,
} from '../../manifest/istio/mesh.gen.ts';
import type { Mesh } from '../../model/mesh.ts';
import { Services } from '../../model/services.ts';
import { milliseconds } from '../durations.ts';
import { keepEqual } from '../keep-equal.ts';
import { ignoringCase, valueMatcher } from './value-matchers.ts';

type HttpProvider = MeshConfig_ExtensionProvider_EnvoyExternalAuthorizationHttpProvider;
type GrpcProvider = MeshConfig_ExtensionProvider_EnvoyExternalAuthorizationGrpcProvider;

/** Without an authorizer the provider cannot be asked, for this reason. */
export interface AskedProvider {
  authorizer?: ExternalAuthorizer;
  problem?: string;
}

export type AskedProviders = Readonly<Record<string, AskedProvider>>;

/** Providers that authorize, by name: the same object in the next mesh while they are the same. */
export function askedProviders(mesh: Mesh): AskedProviders {
  return mesh.memo<AskedProviders>('providers that authorize', ['MeshConfig', 'Service', 'ServiceEntry'], (former) => keepEqual(former, providersOf(mesh)));
}

function providersOf(mesh: Mesh): AskedProviders {
  const found: [string, AskedProvider][] = [];
  const names = new Set<string>();
  for (const provider of mesh.meshConfig.extensionProviders ?? []) {
    const { name = '', envoyExtAuthzHttp, envoyExtAuthzGrpc } = provider ?? {};
    if (!envoyExtAuthzHttp && !envoyExtAuthzGrpc) continue;
    // Which of two is meant is not said.
    found.push([name, names.has(name) ? { problem: 'there are several providers of its name' } : readProvider(mesh, provider)]);
    names.add(name);
  }
  return Object.fromEntries(found);
}

function readProvider(mesh: Mesh, { envoyExtAuthzHttp: http, envoyExtAuthzGrpc: grpc }: MeshConfig_ExtensionProvider): AskedProvider {
  try {
    return { authorizer: http ? httpAuthorizer(mesh, http) : grpcAuthorizer(mesh, grpc ?? {}) };
  } catch (error) {
    if (error instanceof InvalidProvider) return { problem: error.message };
    throw error;
  }
}

/** The message is the end of a sentence about the provider. */
class InvalidProvider extends Error {}

/** Where nothing is written: as long as it takes, nearly. */
const defaultTimeoutMs = 600_000;
const defaultStatusOnError = 403;

function httpAuthorizer(mesh: Mesh, provider: HttpProvider): ExternalAuthorizer {
  const { pathPrefix = '', includeAdditionalHeadersInCheck = {} } = provider;
  if (pathPrefix !== '' && !pathPrefix.startsWith('/')) throw new InvalidProvider(`its pathPrefix ${pathPrefix} does not begin with a slash`);
  for (const [name, value] of Object.entries(includeAdditionalHeadersInCheck)) {
    if (!isHeader(name, value)) throw new InvalidProvider(`its includeAdditionalHeadersInCheck has a header ${JSON.stringify(name)} that HTTP has not`);
  }
  const included = provider.includeRequestHeadersInCheck?.length ? provider.includeRequestHeadersInCheck : provider.includeHeadersInCheck;
  return {
    ...commonFields(mesh, provider),
    protocol: 'http',
    pathPrefix,
    requestHeaders: headerNames(included),
    additionalHeaders: Object.entries(includeAdditionalHeadersInCheck)
      .map(([name, value]) => ({ name, value }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    upstreamHeaders: headerNames(provider.headersToUpstreamOnAllow),
    denialHeaders: headerNames(provider.headersToDownstreamOnDeny),
    responseHeaders: headerNames(provider.headersToDownstreamOnAllow),
  };
}

function grpcAuthorizer(mesh: Mesh, provider: GrpcProvider): ExternalAuthorizer {
  return {
    ...commonFields(mesh, provider),
    protocol: 'grpc',
    pathPrefix: '',
    requestHeaders: [],
    additionalHeaders: [],
    upstreamHeaders: [],
    denialHeaders: [],
    responseHeaders: [],
  };
}

type CommonFields = 'cluster' | 'authority' | 'timeoutMs' | 'failOpen' | 'statusOnError' | 'body' | 'clearRouteCache';

function commonFields(mesh: Mesh, provider: HttpProvider | GrpcProvider): Pick<ExternalAuthorizer, CommonFields> {
  const { timeout, statusOnError, includeRequestBodyInCheck: body } = provider;
  const timeoutMs = timeout ? milliseconds(timeout) : defaultTimeoutMs;
  if (timeoutMs === undefined || timeoutMs < 1) throw new InvalidProvider(`its timeout ${timeout} is not 1ms or longer`);
  const maxBytes = body?.maxRequestBytes ?? 0;
  if (body && !(maxBytes > 0)) throw new InvalidProvider('its includeRequestBodyInCheck has no maxRequestBytes');
  return {
    ...destinationOf(mesh, provider),
    timeoutMs,
    failOpen: provider.failOpen === true,
    statusOnError: statusOnError ? statusOf(statusOnError) : defaultStatusOnError,
    clearRouteCache: provider.clearRouteCache === true,
    ...(body ? { body: { maxBytes, allowPartial: body.allowPartialMessage === true, packAsBytes: body.packAsBytes === true } } : {}),
  };
}

/** `host` or `namespace/host`, in full. */
function destinationOf(mesh: Mesh, { service = '', port = 0 }: HttpProvider | GrpcProvider): { cluster: string; authority: string } {
  if (service === '') throw new InvalidProvider('it names no service');
  const slash = service.indexOf('/');
  const host = service.slice(slash + 1).toLowerCase();
  const named = Services.of(mesh).byHost(host);
  const found = slash < 0 ? named : named.filter(({ namespace }) => namespace === service.slice(0, slash));
  const [first] = found;
  if (!first) throw new InvalidProvider(`there is no service ${service}; its host is written in full, as in auth.shop.svc.cluster.local`);
  const namespaces = new Set(found.map(({ namespace }) => namespace));
  if (namespaces.size > 1) {
    throw new InvalidProvider(
      `there is a service ${host} in the namespaces ${[...namespaces].sort().join(', ')}, and it does not say which, as in shop/${host}`,
    );
  }
  if (!found.some(({ ports }) => ports.some(({ number }) => number === port))) throw new InvalidProvider(`its service ${host} has no port ${port}`);
  return { cluster: outboundClusterName(port, '', host), authority: host };
}

/** Codes that Envoy can answer with. */
const knownStatuses: ReadonlySet<number> = new Set([
  100, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409,
  410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 423, 424, 426, 428, 429, 431, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
]);

function statusOf(written: string): number {
  const status = /^\d+$/.test(written) ? Number(written) : Number.NaN;
  if (!knownStatuses.has(status)) throw new InvalidProvider(`its statusOnError ${written} is no status that a proxy answers with`);
  return status;
}

function isHeader(name: string, value: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !/[\0\r\n]/.test(value);
}

function headerNames(names: readonly string[] | undefined): TextMatcher[] {
  return (names ?? []).map((name) => {
    if (name === '*' || name === '') throw new InvalidProvider('it names headers by * alone, which is to be the beginning or the end of a name');
    return ignoringCase(valueMatcher(name));
  });
}
