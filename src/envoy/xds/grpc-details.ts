import type { ServiceError } from '@grpc/grpc-js';

/** Why a call has failed, without what the library says around the words of the system: `connect ECONNREFUSED 127.0.0.1:15010`. */
export function detailsOf(error: unknown): string {
  const { details, message } = error as Partial<ServiceError>;
  const text = details || message || String(error);
  return /^No connection established\. Last error: (?:Error: )?(.*?)\.? Resolution note:/s.exec(text)?.[1] ?? text;
}
