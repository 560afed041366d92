// What a service answers: decided from its own behaviour and what the request asks for, before anything is written.
import type { Behaviour } from '../corpus.ts';
import { type HeaderList, header } from '../wire/http1.ts';
import type { ReceivedRequest, Recorder } from './record.ts';

/** How an answer breaks off: a reset or an orderly close before the response, or a reset in the middle of the body. */
export type Break = 'reset' | 'close' | 'mid-body';

export interface Answer {
  delayMs: number;
  status: number;
  break: Break | undefined;
  /** RST_STREAM with this code instead of an answer, or after half of the body. */
  rstCode: number | undefined;
  rstAfterHeaders: boolean;
  goaway: boolean;
  /** Headers beside those of every answer. */
  headers: HeaderList;
  /** The number of bytes asked for, undefined for the echo. */
  bytes: number | undefined;
  chunked: boolean;
  trailer: string | undefined;
  close: boolean;
  grpc: { status: string; message: string | undefined; trailersOnly: boolean; messages: number; delayTrailersMs: number } | undefined;
}

function isBreak(value: string | undefined): value is Break {
  return value === 'reset' || value === 'close' || value === 'mid-body';
}

/** The headers that a JSON object names; an array repeats a header. */
function namedHeaders(object: Record<string, unknown>): HeaderList {
  return Object.entries(object).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, String(one)]));
}

function parsedHeaders(text: string | undefined): HeaderList {
  if (text === undefined) return [];
  try {
    return namedHeaders(JSON.parse(text));
  } catch {
    return [];
  }
}

/** What the service `identity` with `behaviour` answers to a request. */
export function planAnswer(request: ReceivedRequest, behaviour: Behaviour, recorder: Recorder): Answer {
  const asked = (name: string): string | undefined => header(request.headers, `x-echo-${name}`);
  let status = Number(asked('status') ?? behaviour.status ?? 200);
  let broken: string | undefined = asked('reset') ?? (behaviour.reset === true ? 'reset' : behaviour.reset || undefined);
  let rstCode = asked('rst-code');
  let grpcStatus = asked('grpc-status') ?? (behaviour.grpc_status === undefined ? undefined : String(behaviour.grpc_status));
  let trailersOnly = asked('trailers-only') !== undefined || Boolean(behaviour.trailers_only);

  const failWith = (what: string): void => {
    if (isBreak(what)) broken = what;
    else status = Number(what);
  };
  if (behaviour.fail_first !== undefined && recorder.failsFirst(`endpoint ${request.identity}`, behaviour.fail_first)) {
    failWith(String(behaviour.fail_status ?? 503));
  }
  const failFirst = asked('fail-first');
  if (failFirst !== undefined) {
    const key = asked('fail-key') === 'request' ? `request ${request.id}` : `asked ${request.identity}`;
    const what = asked('fail-status');
    const grpcFailure = asked('fail-grpc-status');
    if (recorder.failsFirst(key, Number(failFirst))) {
      if (grpcFailure !== undefined) {
        grpcStatus = grpcFailure;
        trailersOnly = true;
      } else if (what !== undefined) failWith(what);
      else if (rstCode === undefined && broken === undefined) failWith('503');
    } else {
      rstCode = undefined;
      if (asked('reset') !== undefined) broken = undefined;
    }
  }

  const bytes = asked('resp-bytes');
  const grpc = request.http2 && (header(request.headers, 'content-type') ?? '').startsWith('application/grpc');
  return {
    delayMs: Number(asked('delay-ms') ?? behaviour.delay_ms ?? 0),
    status,
    break: isBreak(broken) ? broken : undefined,
    rstCode: rstCode === undefined ? undefined : Number(rstCode),
    rstAfterHeaders: asked('rst-after-headers') !== undefined,
    goaway: asked('goaway') !== undefined,
    headers: [...namedHeaders(behaviour.response_headers ?? {}), ...parsedHeaders(asked('resp-headers'))],
    bytes: bytes === undefined ? undefined : Number(bytes),
    chunked: asked('resp-chunked') !== undefined,
    trailer: asked('resp-trailer'),
    close: asked('close') !== undefined,
    grpc: grpc
      ? {
          status: grpcStatus ?? '0',
          message: asked('grpc-message'),
          trailersOnly,
          messages: Number(asked('messages') ?? 1),
          delayTrailersMs: Number(asked('resp-delay-trailers-ms') ?? 0),
        }
      : undefined,
  };
}

/** JSON with a space after each separator. */
function spacedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, one]) => `${JSON.stringify(key)}: ${spacedJson(one)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(value);
}

/** The body of an answer. */
export function answerBody(request: ReceivedRequest, answer: Answer): Buffer {
  if (answer.bytes !== undefined) return Buffer.alloc(answer.bytes, 'x');
  const { identity, method, path } = request;
  const body_length = request.body.length;
  if (request.http2) return Buffer.from(spacedJson({ identity, method, path, body_length }));
  const [bare, ...query] = path.split('?');
  const headers: HeaderList = [...(request.authority === null ? [] : [['host', request.authority] satisfies [string, string]]), ...request.headers];
  return Buffer.from(spacedJson({ identity, method, path: bare, query: query.join('?'), headers, body_length }));
}
