// Checks of the application that its pod asks for, made by the sidecar in the kubelet's place: what the kubelet sends to the application
// would be redirected to the sidecar, and be treated as traffic of the mesh.

/** One check, as a probe of Kubernetes says it. */
export interface AppProbe {
  /** 1 s where the pod does not say, as Kubernetes has it. */
  timeoutMs: number;
  check: HttpCheck | TcpCheck | GrpcCheck;
}

export interface HttpCheck {
  kind: 'http';
  scheme: 'http' | 'https';
  /** Undefined: the pod itself. */
  host: string | undefined;
  port: number;
  /** With its query. */
  path: string;
  headers: readonly (readonly [name: string, value: string])[];
}

export interface TcpCheck {
  kind: 'tcp';
  host: string | undefined;
  port: number;
}

/** `grpc.health.v1.Health/Check` */
export interface GrpcCheck {
  kind: 'grpc';
  port: number;
  /** Empty: the server as a whole. */
  service: string;
}

type Unknown = Readonly<Record<string, unknown>>;

const pathPattern = /^\/app-health\/[^/?#]+\/(?:livez|readyz|startupz)$/;

/**
 * The checks by the paths that the kubelet asks for: `{"/app-health/app/livez": {"httpGet": {"path": "/live", "port": 8080}}}`, as injectors
 * of Istio write them into ISTIO_KUBE_APP_PROBERS.
 *
 * @throws Error that says what is wrong with it
 */
export function parseAppProbes(text: string): ReadonlyMap<string, AppProbe> {
  const paths = object(parseJson(text), 'it');
  return new Map(
    Object.entries(paths).map(([path, value]) => {
      if (!pathPattern.test(path)) throw new Error(`"${path}" is no path of the form /app-health/CONTAINER/livez, readyz or startupz`);
      return [path, probeOf(object(value, path), path)];
    }),
  );
}

function probeOf(prober: Unknown, path: string): AppProbe {
  const { timeoutSeconds } = prober;
  if (timeoutSeconds !== undefined && !(typeof timeoutSeconds === 'number' && timeoutSeconds >= 0))
    throw new Error(`${path}: timeoutSeconds is no number of seconds`);
  const checks = (['httpGet', 'tcpSocket', 'grpc'] as const).filter((kind) => prober[kind] !== undefined && prober[kind] !== null);
  const [kind, other] = checks;
  if (kind === undefined || other !== undefined) throw new Error(`${path} has ${kind === undefined ? 'none' : 'more than one'} of httpGet, tcpSocket and grpc`);
  return { timeoutMs: (timeoutSeconds || 1) * 1000, check: checkOf(kind, object(prober[kind], `${path}: ${kind}`), path) };
}

function checkOf(kind: 'httpGet' | 'tcpSocket' | 'grpc', action: Unknown, path: string): AppProbe['check'] {
  const { port } = action;
  if (!(Number.isInteger(port) && (port as number) > 0 && (port as number) <= 65535))
    throw new Error(`${path}: the port of ${kind} is no number from 1 to 65535`);
  const own = { port: port as number, host: text(action.host, `${path}: host`) || undefined };
  if (kind === 'tcpSocket') return { kind: 'tcp', ...own };
  if (kind === 'grpc') return { kind: 'grpc', port: own.port, service: text(action.service, `${path}: service`) };
  const scheme = (text(action.scheme, `${path}: scheme`) || 'HTTP').toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') throw new Error(`${path}: scheme is HTTP or HTTPS`);
  const target = text(action.path, `${path}: path`);
  return { kind: 'http', scheme, ...own, path: target.startsWith('/') ? target : `/${target}`, headers: headersOf(action.httpHeaders, path) };
}

function headersOf(value: unknown, path: string): [string, string][] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${path}: httpHeaders is no list`);
  return value.map((entry: unknown) => {
    const header = object(entry, `${path}: httpHeaders`);
    return [text(header.name, `${path}: name of a header`), text(header.value, `${path}: value of a header`)];
  });
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(`it is no JSON: ${(error as Error).message}`);
  }
}

function object(value: unknown, what: string): Unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is no object`);
  return value as Unknown;
}

function text(value: unknown, what: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new Error(`${what} is no text`);
  return value;
}
