import type { ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';

/** `HealthCheckResponse.ServingStatus` of grpc.health.v1 */
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
export type ServingStatus = (typeof servingStatuses)[number];

/** A `HealthCheckResponse` is a few bytes. */
const mostBytes = 4096;

/**
 * Asks a gRPC server for its health.
 *
 * @param socket a connection to it, in plain text
 * @param service empty: the server as a whole
 * @throws Error that says what it answers instead
 */
export async function checkGrpcHealth(socket: Socket, authority: string, service: string, signal: AbortSignal): Promise<ServingStatus> {
  const { connect } = await import('node:http2');
  const session = connect(`http://${authority}`, { createConnection: () => socket });
  const failed = new Promise<never>((_, reject) => session.on('error', reject));
  failed.catch(() => {});
  try {
    const stream = session.request(
      { ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers' },
      { signal },
    );
    stream.end(requestFor(service));
    return await Promise.race([answerOf(stream), failed]);
  } finally {
    session.destroy();
  }
}

function answerOf(stream: ClientHttp2Stream): Promise<ServingStatus> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let httpStatus = 0;
    let grpcStatus: string | undefined;
    let message = '';
    const take = (headers: Record<string, unknown>): void => {
      if (headers['grpc-status'] === undefined) return;
      grpcStatus = String(headers['grpc-status']);
      message = String(headers['grpc-message'] ?? '');
    };
    stream.on('response', (headers) => {
      httpStatus = headers[':status'] ?? 0;
      take(headers);
    });
    stream.on('trailers', take);
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > mostBytes) stream.destroy(new Error('the answer is no health of gRPC'));
    });
    stream.on('error', reject);
    stream.on('end', () => {
      if (grpcStatus === '0') resolve(statusOf(Buffer.concat(chunks)));
      else if (grpcStatus === '12') reject(new Error('the application does not have grpc.health.v1.Health'));
      else if (grpcStatus !== undefined) reject(new Error(`gRPC status ${grpcStatus}${message === '' ? '' : `: ${message}`}`));
      else reject(new Error(`the answer is not gRPC (status ${httpStatus})`));
    });
    stream.on('close', () => reject(new Error('the connection ended before the answer')));
  });
}

/** A frame of gRPC with a `HealthCheckRequest`: its field 1 is the service. */
function requestFor(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** Field 1 of a `HealthCheckResponse`; a status of 0 is not sent. */
function statusOf(frame: Buffer): ServingStatus {
  const message = frame.subarray(5);
  const status = message[0] === 0x08 ? message[1] : 0;
  return servingStatuses[status ?? 0] ?? 'UNKNOWN';
}
