// The formats that Envoy takes as values of headers (RT-R35). One that it does not take would make it refuse everything around it.

/** Operators without an argument or a length. */
const plain = new Set(
  `ACCESS_LOG_TYPE BYTES_RECEIVED BYTES_RETRANSMITTED BYTES_SENT CONNECTION_ID CONNECTION_TERMINATION_DETAILS CUSTOM_FLAGS DURATION
  FILTER_CHAIN_NAME GRPC_STATUS_NUMBER HOSTNAME LISTENER_NAME LOCAL_REPLY_BODY PROTOCOL REQUESTED_SERVER_NAME ROUNDTRIP_DURATION
  ROUTE_NAME SPAN_ID STREAM_ID TLS_JA3_FINGERPRINT TLS_JA4_FINGERPRINT TRACE_ID UNIQUE_ID VIRTUAL_CLUSTER_NAME
  REQUEST_DURATION REQUEST_HEADERS_BYTES REQUEST_TX_DURATION
  RESPONSE_CODE RESPONSE_DURATION RESPONSE_FLAGS RESPONSE_FLAGS_LONG RESPONSE_HEADERS_BYTES RESPONSE_TRAILERS_BYTES RESPONSE_TX_DURATION
  DOWNSTREAM_DETECTED_CLOSE_TYPE DOWNSTREAM_DIRECT_LOCAL_ADDRESS DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID DOWNSTREAM_DIRECT_LOCAL_PORT
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS DOWNSTREAM_DIRECT_REMOTE_PORT DOWNSTREAM_HANDSHAKE_DURATION DOWNSTREAM_HEADER_BYTES_RECEIVED
  DOWNSTREAM_HEADER_BYTES_SENT DOWNSTREAM_LOCAL_ADDRESS DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID DOWNSTREAM_LOCAL_CLOSE_REASON
  DOWNSTREAM_LOCAL_DNS_SAN DOWNSTREAM_LOCAL_EMAIL_SAN DOWNSTREAM_LOCAL_IP_SAN DOWNSTREAM_LOCAL_OTHERNAME_SAN DOWNSTREAM_LOCAL_PORT
  DOWNSTREAM_LOCAL_SUBJECT DOWNSTREAM_LOCAL_URI_SAN DOWNSTREAM_PEER_CERT DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1
  DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256 DOWNSTREAM_PEER_CHAIN_SERIALS DOWNSTREAM_PEER_DNS_SAN DOWNSTREAM_PEER_EMAIL_SAN
  DOWNSTREAM_PEER_FINGERPRINT_1 DOWNSTREAM_PEER_FINGERPRINT_256 DOWNSTREAM_PEER_IP_SAN DOWNSTREAM_PEER_ISSUER
  DOWNSTREAM_PEER_OTHERNAME_SAN DOWNSTREAM_PEER_SERIAL DOWNSTREAM_PEER_SUBJECT DOWNSTREAM_PEER_URI_SAN DOWNSTREAM_REMOTE_ADDRESS
  DOWNSTREAM_REMOTE_PORT DOWNSTREAM_TLS_CIPHER DOWNSTREAM_TLS_SESSION_ID DOWNSTREAM_TLS_VERSION DOWNSTREAM_TRANSPORT_FAILURE_REASON
  DOWNSTREAM_WIRE_BYTES_RECEIVED DOWNSTREAM_WIRE_BYTES_SENT
  UPSTREAM_CLUSTER UPSTREAM_CLUSTER_RAW UPSTREAM_CONNECTION_ID UPSTREAM_CONNECTION_POOL_READY_DURATION UPSTREAM_DETECTED_CLOSE_TYPE
  UPSTREAM_HEADER_BYTES_RECEIVED UPSTREAM_HEADER_BYTES_SENT UPSTREAM_HOST UPSTREAM_HOST_NAME UPSTREAM_HOST_NAME_WITHOUT_PORT
  UPSTREAM_LOCAL_ADDRESS UPSTREAM_LOCAL_CLOSE_REASON UPSTREAM_LOCAL_DNS_SAN UPSTREAM_LOCAL_IP_SAN UPSTREAM_LOCAL_PORT
  UPSTREAM_LOCAL_URI_SAN UPSTREAM_PEER_CERT UPSTREAM_PEER_DNS_SAN UPSTREAM_PEER_IP_SAN UPSTREAM_PEER_ISSUER UPSTREAM_PEER_SUBJECT
  UPSTREAM_PEER_URI_SAN UPSTREAM_PROTOCOL UPSTREAM_REMOTE_ADDRESS UPSTREAM_REMOTE_PORT UPSTREAM_REQUEST_ATTEMPT_COUNT
  UPSTREAM_SERVER_NAME UPSTREAM_TLS_CIPHER UPSTREAM_TLS_SESSION_ID UPSTREAM_TLS_VERSION UPSTREAM_TRANSPORT_FAILURE_REASON
  UPSTREAM_WIRE_BYTES_RECEIVED UPSTREAM_WIRE_BYTES_SENT`.split(/\s+/),
);

/** How an operator may be written: `%NAME(argument):length%`. */
interface Form {
  /** Whether it may be written with this argument; empty where there is none. */
  argument: (text: string) => boolean;
  length: boolean;
}

const any = (): boolean => true;
const written = (text: string): boolean => text !== '';
const oneOf =
  (...texts: readonly string[]) =>
  (text: string): boolean =>
    texts.includes(text);

const plainForm: Form = { argument: oneOf(''), length: false };
/** `name` or `name?other`. */
const header: Form = { argument: (text) => text !== '' && /^(?::?[!#$%&'*+\-.^_`|~\w]+)?(?:\?(?::?[!#$%&'*+\-.^_`|~\w]+)?)?$/.test(text), length: true };
const time: Form = { argument: any, length: false };
/** Length of the prefix that is told. */
const address: Form = { argument: (text) => /^(?:\/?[0-9]{1,3})?$/.test(text), length: false };

const forms: Readonly<Record<string, Form>> = {
  REQ: header,
  RESP: header,
  TRAILER: header,
  REQUEST_HEADER: header,
  RESPONSE_HEADER: header,
  RESPONSE_TRAILER: header,
  START_TIME: time,
  EMIT_TIME: time,
  DOWNSTREAM_PEER_CERT_V_START: time,
  DOWNSTREAM_PEER_CERT_V_END: time,
  UPSTREAM_PEER_CERT_V_START: time,
  UPSTREAM_PEER_CERT_V_END: time,
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: address,
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: address,
  DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT: address,
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT: address,
  UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: address,
  UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: address,
  RESPONSE_CODE_DETAILS: { argument: oneOf('', 'ALLOW_WHITESPACES'), length: false },
  ENVIRONMENT: { argument: written, length: true },
  QUERY_PARAM: { argument: written, length: true },
  DYNAMIC_METADATA: { argument: written, length: true },
  CLUSTER_METADATA: { argument: written, length: false },
  UPSTREAM_METADATA: { argument: written, length: false },
  PER_REQUEST_STATE: { argument: (text) => /^[\w.-]+$/.test(text), length: false },
  METADATA: { argument: (text) => /^(?:DYNAMIC|CLUSTER|ROUTE|UPSTREAM_HOST|LISTENER|LISTENER_FILTER_CHAIN|VIRTUAL_HOST)(?::|$)/.test(text), length: true },
  FILTER_STATE: { argument: isFilterState, length: true },
  UPSTREAM_FILTER_STATE: { argument: isFilterState, length: true },
  COMMON_DURATION: { argument: (text) => /^[^:]+:[^:]+(?::(?:ms|us|ns))?$/.test(text), length: false },
  GRPC_STATUS: { argument: oneOf('', 'CAMEL_STRING', 'SNAKE_STRING', 'NUMBER'), length: false },
  PATH: { argument: (text) => /^(?:|(?:WQ|NQ)(?::(?:ORIG|PATH|ORIG_OR_PATH))?)$/.test(text), length: true },
  QUERY_PARAMS: { argument: oneOf('', 'ORIG', 'DECODED'), length: true },
};

/** `key` or `key:PLAIN`; a single field is told apart by `key:FIELD:name`. */
function isFilterState(text: string): boolean {
  return /^[^:]+(?::(?:PLAIN|TYPED|FIELD:[^:]+))?$/.test(text);
}

/** As Envoy reads it: an argument ends at the first parenthesis behind which the operator may end. */
const operator = /^%([A-Z0-9_]+)(?:\((.*?)\))?(?::([0-9]{1,9}))?%/;

/** What is wrong with the value of a header; undefined where Envoy takes it. */
export function formatProblem(value: string): string | undefined {
  for (let at = value.indexOf('%'); at >= 0; at = value.indexOf('%', at)) {
    if (value[at + 1] === '%') {
      at += 2;
      continue;
    }
    const found = operator.exec(value.slice(at));
    if (!found) return `"${value.slice(at, at + 40)}" begins no operator: write %% for a percent sign`;
    const [whole, name = '', argument = '', length] = found;
    const form = plain.has(name) ? plainForm : Object.hasOwn(forms, name) ? forms[name] : undefined;
    if (!form) return `${name} is no operator that is known here`;
    if (!form.argument(argument)) return `${whole} has an argument that ${name} does not take`;
    if (length !== undefined && !form.length) return `${whole} has a length, and ${name} takes none`;
    at += whole.length;
  }
  return undefined;
}
