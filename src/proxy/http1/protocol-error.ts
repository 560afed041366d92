/** Why a message was refused, and how a request with it is answered. */
export interface ProtocolError {
  readonly status: number;
  /** As in `%RESPONSE_CODE_DETAILS%` (LR-R18, R19, R24). */
  readonly details: string;
  /** For people; not sent. */
  readonly message: string;
}

function error(status: number, details: string, message: string): ProtocolError {
  return { status, details, message };
}

const codec = 'http1.codec_error';

/** One entry for each way that a message can be wrong. */
export const errors = {
  startLine: error(400, codec, 'the start line is not of the form of RFC 9112'),
  method: error(400, codec, 'the method is not known'),
  target: error(400, codec, 'the request target has characters that it must not have'),
  targetForm: error(400, 'http1.invalid_url', 'the request target is none of the four forms'),
  version: error(400, codec, 'the version is not one of HTTP'),
  status: error(400, codec, 'the status is not three digits'),
  bareLf: error(400, codec, 'a line ends in LF without CR'),
  fold: error(400, codec, 'a header goes on in the next line (obs-fold)'),
  headerName: error(400, codec, 'a header name is empty or has characters that it must not have'),
  headerValue: error(400, codec, 'a header value has control characters'),
  contentLength: error(400, codec, 'content-length is not one decimal number'),
  contentLengthTwice: error(400, codec, 'content-length is there more than once'),
  lengthAndChunked: error(400, codec, 'content-length and transfer-encoding are both there'),
  transferEncoding: error(501, 'http1.invalid_transfer_encoding', 'transfer-encoding is not just `chunked`'),
  transferEncodingVersion: error(400, codec, 'HTTP/1.0 has no transfer-encoding'),
  bodyNotAllowed: error(400, 'http1.content_length_not_allowed', 'a message without body has a length'),
  connectBody: error(400, 'http1.content_length_not_allowed', 'CONNECT has no body'),
  chunkSize: error(400, codec, 'a chunk size is not a hexadecimal number'),
  chunkExtension: error(400, codec, 'a chunk extension is too long or has control characters'),
  chunkEnd: error(400, codec, 'a chunk does not end in CRLF'),
  headersTooLarge: error(431, 'http1.headers_too_large', 'the headers are larger than the limit'),
  tooManyHeaders: error(431, 'http1.too_many_headers', 'there are more headers than the limit'),
  trailersTooLarge: error(431, 'http1.trailers_too_large', 'the trailers are larger than the limit'),
  unexpectedUpgrade: error(400, codec, '101 without a request for it'),
  unexpectedEnd: error(400, codec, 'the connection ended within the message'),
  version10: error(426, 'low_version', 'the request is not HTTP/1.1'),
} as const;
