/** What a request to the API server, or the way there, failed of: told for users, to be printed without a stack trace. */
export class KubeError extends Error {
  /**
   * `reason` of the server's Status (`NotFound`, `Forbidden`, `Conflict`, `Invalid`, `AlreadyExists`, `Expired`, …), or where there was no
   * answer: `Unreachable`, `Timeout`, `Aborted`, `TooLarge`, `BadAnswer`; before any request: `NoConfig`, `BadConfig`, `BadCredentials`.
   */
  readonly reason: string;
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** What to do, a sentence. */
  readonly help: string | undefined;
  /** Fields that other managers own, of a server-side apply that was refused. */
  readonly conflicts: readonly FieldConflict[];
  /** Fields that the server refuses, of `Invalid`. */
  readonly causes: readonly FieldCause[];
  /** The server asks to wait so long, in milliseconds, before the request is repeated. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: KubeErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'KubeError';
    this.reason = details.reason;
    this.status = details.status ?? 0;
    this.help = details.help;
    this.conflicts = details.conflicts ?? [];
    this.causes = details.causes ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}

export interface KubeErrorDetails {
  reason: string;
  status?: number;
  help?: string | undefined;
  conflicts?: readonly FieldConflict[];
  causes?: readonly FieldCause[];
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

export interface FieldConflict {
  /** Name of the field manager that owns the field. */
  manager: string;
  /** Path of the field as the server writes it: `.spec.http`. */
  field: string;
}

export interface FieldCause {
  /** Path of the field: `spec.hosts[0]`; empty where the server names none. */
  field: string;
  message: string;
}
