import { type FieldCause, type FieldConflict, KubeError } from './error.ts';

/** What a request was for, in the words of an error: `list virtualservices.networking.istio.io in namespace shop`. */
export type Purpose = string;

/** Where requests go to, in the words of an error. */
export interface ServerName {
  /** URL of the API server. */
  server: string;
  /** Name of the context; empty without a kubeconfig. */
  context: string;
  /** The proxy on the way, without its password. */
  via?: string | undefined;
  /** Where the address and the user come from: the files of the kubeconfig, or `the service account`. */
  origin: string;
}

export function serverText({ server, context }: ServerName): string {
  return context ? `the API server ${server} (context ${context})` : `the API server ${server}`;
}

/** `Status` of meta/v1, as far as errors need it. */
interface Status {
  kind?: unknown;
  reason?: unknown;
  message?: unknown;
  details?: { causes?: { reason?: unknown; message?: unknown; field?: unknown }[]; retryAfterSeconds?: unknown };
}

/** Reasons for answers that carry no Status: those of proxies and load balancers. */
const reasonOfCode: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/**
 * The error of an answer that is not a success.
 *
 * @param body text of the answer, a Status in the usual case
 * @param retryAfter value of the header
 */
export function errorOfAnswer(code: number, body: string, purpose: Purpose, at: ServerName, retryAfter?: string): KubeError {
  return errorOfStatus(parseStatus(body), code, body, purpose, at, retryAfter);
}

/** The error of a Status object, such as an ERROR event of a watch carries. */
export function errorOfStatusObject(status: unknown, purpose: Purpose, at: ServerName): KubeError {
  const code = (status as { code?: unknown } | null)?.code;
  return errorOfStatus(isStatus(status) ? status : undefined, typeof code === 'number' ? code : 500, JSON.stringify(status) ?? '', purpose, at);
}

function errorOfStatus(status: Status | undefined, code: number, body: string, purpose: Purpose, at: ServerName, retryAfter?: string): KubeError {
  const reason = (typeof status?.reason === 'string' && status.reason) || reasonOfCode[code] || 'Unknown';
  const said = typeof status?.message === 'string' && status.message ? status.message : firstLine(body);
  const causes = status?.details?.causes ?? [];
  const conflicts = causes.flatMap((cause): FieldConflict[] => (cause.reason === 'FieldManagerConflict' ? [conflictOf(cause.message, cause.field)] : []));
  const seconds = retryAfter === undefined ? Number(status?.details?.retryAfterSeconds ?? Number.NaN) : retryAfterSeconds(retryAfter);
  return new KubeError(messageOf(reason, code, said, purpose, at, conflicts), {
    reason,
    status: code,
    help: helpOf(reason, said, conflicts, at),
    conflicts,
    causes: reason === 'Invalid' ? causes.map((cause): FieldCause => ({ field: textOf(cause.field), message: textOf(cause.message) })) : [],
    retryAfterMs: seconds > 0 ? seconds * 1000 : undefined,
  });
}

function messageOf(reason: string, code: number, said: string, purpose: Purpose, at: ServerName, conflicts: readonly FieldConflict[]): string {
  if (code === 401) return `cannot ${purpose}: ${serverText(at)} does not accept the credentials from ${at.origin}`;
  if (reason === 'Forbidden') {
    // The rest of what RBAC says is in the purpose already. Other refusals (quota, admission) are Forbidden, too, and say why.
    const user = /is forbidden: User "([^"]*)" cannot /.exec(said)?.[1];
    if (user !== undefined) return `${user ? `user ${user}` : 'this user'} may not ${purpose}`;
  }
  if (conflicts.length > 0) {
    const managers = new Map<string, string[]>();
    for (const { manager, field } of conflicts) managers.set(manager, [...(managers.get(manager) ?? []), field]);
    const owners = [...managers].map(([manager, fields]) => `${manager} owns ${fields.join(', ')}`);
    return `cannot ${purpose}: ${owners.join('; ')}`;
  }
  return `cannot ${purpose}: ${said || `${serverText(at)} answers with status ${code}`}`;
}

function helpOf(reason: string, said: string, conflicts: readonly FieldConflict[], at: ServerName): string | undefined {
  if (conflicts.length > 0) return 'Let the owner give these fields up, or take them over by force.';
  switch (reason) {
    case 'Unauthorized':
      return at.context ? `Log in again, or choose another context than ${at.context}.` : 'The token of the service account is not valid for this cluster.';
    case 'Forbidden':
      return 'Ask an administrator of the cluster for a Role that allows it, or choose another --context.';
    case 'BadRequest':
      return /HTTP request to an HTTPS server/.test(said) ? `Write the server in ${at.origin} with https://.` : undefined;
    case 'TooManyRequests':
      return 'The API server is busy: try again later.';
    default:
      return undefined;
  }
}

/** `conflict with "NAME"`, then perhaps ` with subresource "status"` and ` using VERSION`. */
function conflictOf(message: unknown, field: unknown): FieldConflict {
  const text = textOf(message);
  return { manager: /conflict with "((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text, field: textOf(field) };
}

/** @returns seconds from now; NaN for what is neither a number nor a date */
function retryAfterSeconds(value: string): number {
  const seconds = Number(value);
  return Number.isNaN(seconds) ? (Date.parse(value) - Date.now()) / 1000 : seconds;
}

function parseStatus(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && (value as Status).kind === 'Status';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** What a proxy in between says may be a page of HTML. */
function firstLine(body: string): string {
  const text = body
    .replace(/<(style|script|head)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .trim();
  return (text.split('\n')[0] as string).trim().slice(0, 300);
}
