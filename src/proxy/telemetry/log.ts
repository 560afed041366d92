import type { Logger } from 'pino';

/** As Envoy's admin names them. */
export const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;
export type LogLevel = (typeof logLevels)[number];

type Fields = Readonly<Record<string, unknown>>;

/** The log of one part of the proxy. `fields` become keys of the line; what is secret must not be among them. */
export interface ScopeLog {
  trace(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warning(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  critical(message: string, fields?: Fields): void;
}

/** The proxy's own log: what happened to it, never what happened to one request. */
export interface ProxyLog extends ScopeLog {
  /** The log of a part, made at first use with the level that holds for all: `config`, `admin`, `upstream`. */
  scope(name: string): ScopeLog;
  /** Level of each part by name; `main` is the log itself. */
  levels(): Record<string, LogLevel>;
  /** @param scope absent: all parts, those to come included; one that does not exist yet is made */
  setLevel(level: LogLevel, scope?: string): void;
}

export interface LogOptions {
  /** Default `info`. */
  level?: LogLevel;
  /** Lines of JSON, or text for a person. */
  format: 'json' | 'text';
  /** Where lines go; default: standard error, written at once. */
  write?: (line: string) => void;
}

const ofPino: Readonly<Record<LogLevel, string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
  off: 'silent',
};
const fromPino = new Map(Object.entries(ofPino).map(([ours, theirs]) => [theirs, ours as LogLevel]));

export function isLogLevel(text: string): text is LogLevel {
  return (logLevels as readonly string[]).includes(text);
}

class PinoScope implements ScopeLog {
  readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  trace(message: string, fields?: Fields): void {
    this.logger.trace(fields ?? {}, message);
  }
  debug(message: string, fields?: Fields): void {
    this.logger.debug(fields ?? {}, message);
  }
  info(message: string, fields?: Fields): void {
    this.logger.info(fields ?? {}, message);
  }
  warning(message: string, fields?: Fields): void {
    this.logger.warn(fields ?? {}, message);
  }
  error(message: string, fields?: Fields): void {
    this.logger.error(fields ?? {}, message);
  }
  critical(message: string, fields?: Fields): void {
    this.logger.fatal(fields ?? {}, message);
  }
}

class PinoLog extends PinoScope implements ProxyLog {
  private readonly scopes = new Map<string, PinoScope>();

  scope(name: string): ScopeLog {
    let scope = this.scopes.get(name);
    if (!scope) {
      scope = new PinoScope(this.logger.child({ scope: name }));
      this.scopes.set(name, scope);
    }
    return scope;
  }

  levels(): Record<string, LogLevel> {
    const levels: Record<string, LogLevel> = { main: levelOf(this.logger) };
    for (const name of [...this.scopes.keys()].sort()) levels[name] = levelOf((this.scopes.get(name) as PinoScope).logger);
    return levels;
  }

  setLevel(level: LogLevel, scope?: string): void {
    if (scope === undefined) for (const { logger } of this.scopes.values()) logger.level = ofPino[level];
    if (scope === undefined || scope === 'main') this.logger.level = ofPino[level];
    else (this.scope(scope) as PinoScope).logger.level = ofPino[level];
  }
}

function levelOf(logger: Logger): LogLevel {
  return fromPino.get(logger.level) ?? 'info';
}

/** `{"level":"info","time":"…Z","scope":"config","generation":3,"msg":"table loaded"}`, or the same as text. */
export async function createLog(options: LogOptions): Promise<ProxyLog> {
  const { default: pino } = await import('pino');
  const standardError = options.write === undefined ? pino.destination({ fd: 2, sync: true }) : undefined;
  const write = options.write ?? ((line: string) => void standardError?.write(line));
  const logger = pino(
    {
      level: ofPino[options.level ?? 'info'],
      // Host name and process id are known to whoever collects the lines.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: fromPino.get(label) }) },
    },
    { write: options.format === 'json' ? write : (line: string) => write(asText(line)) },
  );
  return new PinoLog(logger);
}

/** `2026-11-22T15:08:47.381Z info    config: table loaded generation=3` */
function asText(line: string): string {
  const { level, time, scope, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  return `${time} ${String(level).padEnd(8)} ${scope === undefined ? '' : `${scope}: `}${oneLine(String(msg))}${rest.join('')}\n`;
}

/** A text that came from elsewhere must not begin a line of its own. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}
