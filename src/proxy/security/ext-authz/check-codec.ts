// The messages of `envoy.service.auth.v3.Authorization` as bytes. Loaded only where a service is asked over gRPC: Envoy's API is large.
import type { JsonObject } from '../../../envoy/json.ts';
import { loadEnvoyApi } from '../../../envoy/proto/api.ts';
import { enumNumbers } from '../../../envoy/proto/descriptor.ts';
import { type CheckResponse, checkResponse } from './check-response.ts';

export function encodeCheck(attributes: JsonObject): Uint8Array {
  return loadEnvoyApi().encode('envoy.service.auth.v3.CheckRequest', { attributes });
}

/** @throws Error where the bytes are no such message */
export function decodeAnswer(bytes: Uint8Array): CheckResponse {
  return checkResponse(loadEnvoyApi().decode('envoy.service.auth.v3.CheckResponse', bytes), statuses);
}

const statuses = enumNumbers('envoy.type.v3.StatusCode') ?? new Map<string, number>();
