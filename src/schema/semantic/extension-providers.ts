import type { MeshConfig_ExtensionProvider } from '../../manifest/istio/mesh.gen.ts';
import { formatPath, type Path } from '../../manifest/problem.ts';
import { parseUrl, UrlError } from '../../manifest/url.ts';
import { fqdnProblem, isDnsLabel, isIp, isPort, wildcardDomainProblem } from './primitives.ts';
import type { ProblemSink } from './validator.ts';

/** Kinds of providers that proxies connect to: a service and a port, as all of these have them. */
const remote = [
  'envoyExtAuthzHttp',
  'envoyExtAuthzGrpc',
  'zipkin',
  'lightstep',
  'datadog',
  'opencensus',
  'skywalking',
  'opentelemetry',
  'envoyHttpAls',
  'envoyTcpAls',
  'envoyOtelAls',
] as const;

const local = ['stackdriver', 'prometheus', 'envoyFileAccessLog', 'sds'] as const;

/** Wrong providers are only worth warnings: the control plane logs them, and ignores those that a policy names. */
export function checkExtensionProviders(sink: ProblemSink, path: Path, providers: readonly MeshConfig_ExtensionProvider[]): void {
  const names = new Set<string>();
  providers.forEach((provider, i) => {
    const at = [...path, i];
    const { name = '' } = provider;
    if (name === '') sink.warning(at, `${formatPath(at)} has no name`);
    else if (names.has(name)) sink.warning([...at, 'name'], `there are two extension providers of the name ${name}`);
    names.add(name);
    checkKind(sink, at, provider);
  });
}

function checkKind(sink: ProblemSink, path: Path, provider: MeshConfig_ExtensionProvider): void {
  const whose = `extension provider ${provider.name ?? ''}`;
  const kind = remote.findLast((k) => provider[k]);
  if (!kind) {
    if (!local.some((k) => provider[k]))
      sink.warning(path, `${whose} says nothing about what it is`, { help: `give it one of ${[...remote, ...local].join(', ')}` });
    return;
  }
  const { service = '', port = 0 } = provider[kind] ?? {};
  if (!isPort(port)) sink.warning([...path, kind, 'port'], `${whose} has the port ${port}; ports go from 1 to 65535`);
  const problem = serviceProblem(service);
  if (problem !== undefined) sink.warning([...path, kind, 'service'], `${whose} has ${problem}`);
  checkAuthorizer(sink, path, whose, provider);
  const { lightstep, opentelemetry } = provider;
  if (kind === 'lightstep' && !lightstep?.accessToken) sink.warning([...path, kind, 'accessToken'], `${whose} needs an accessToken`);
  if (kind === 'opentelemetry' && opentelemetry?.grpc && opentelemetry.http) sink.warning([...path, kind, 'grpc'], `${whose} has both grpc and http`);
}

/** `host` or `namespace/host`. */
function serviceProblem(service: string): string | undefined {
  if (service === '') return 'no service';
  const slash = service.indexOf('/');
  if (slash < 0)
    return fqdnProblem(service) === undefined || isIp(service) ? undefined : `the service ${service}, which is neither a host name nor an IP address`;
  const namespace = service.slice(0, slash);
  const host = service.slice(slash + 1);
  if (!['*', '.', '~'].includes(namespace) && !isDnsLabel(namespace)) return `the service ${service}, and "${namespace}" is not a namespace`;
  const problem = host.includes('.') || host === '*' ? wildcardDomainProblem(host) : 'it has to be a full name, such as auth.shop.svc.cluster.local';
  return problem === undefined ? undefined : `the service ${service}: ${problem}`;
}

function checkAuthorizer(sink: ProblemSink, path: Path, whose: string, { envoyExtAuthzHttp, envoyExtAuthzGrpc }: MeshConfig_ExtensionProvider): void {
  const kind = envoyExtAuthzGrpc ? 'envoyExtAuthzGrpc' : 'envoyExtAuthzHttp';
  const status = (envoyExtAuthzGrpc ?? envoyExtAuthzHttp)?.statusOnError ?? '';
  if (status !== '' && !/^[1-5]\d\d$/.test(status))
    sink.warning([...path, kind, 'statusOnError'], `${whose} has the statusOnError ${status}, which is not an HTTP status`);
  const prefix = envoyExtAuthzGrpc ? '' : (envoyExtAuthzHttp?.pathPrefix ?? '');
  if (prefix === '') return;
  const at = [...path, kind, 'pathPrefix'];
  if (!prefix.startsWith('/')) sink.warning(at, `${whose} has the pathPrefix "${prefix}", which has to begin with "/"`);
  try {
    parseUrl(prefix);
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    sink.warning(at, `${whose} has the pathPrefix "${prefix}", which is not a path: ${error.message}`);
  }
}
