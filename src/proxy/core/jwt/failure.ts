// Why a token is refused: status and body, to the letter those of Envoy (JWT-R1 to R10).

export interface TokenFailure {
  readonly status: 401 | 403;
  readonly text: string;
}

const unauthorized = (text: string): TokenFailure => ({ status: 401, text });

export const failures = {
  /** JWT-R2 */
  expired: unauthorized('Jwt is expired'),
  /** JWT-R3 */
  notYetValid: unauthorized('Jwt not yet valid'),
  /** JWT-R4 */
  unknownIssuer: unauthorized('Jwt issuer is not configured'),
  /** JWT-R5 */
  audience: { status: 403, text: 'Audiences in Jwt are not allowed' },
  /** JWT-R6 */
  verification: unauthorized('Jwt verification fails'),
  /** JWT-R7 */
  form: unauthorized('Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'),
  /** JWT-R8 */
  headerBase64: unauthorized('Jwt header is an invalid Base64url encoded'),
  headerJson: unauthorized('Jwt header is an invalid JSON'),
  headerAlg: unauthorized('Jwt header [alg] field is required and must be a string'),
  unsupportedAlg: unauthorized('Jwt header [alg] is not supported'),
  headerKid: unauthorized('Jwt header [kid] field is not a string'),
  payloadBase64: unauthorized('Jwt payload is an invalid Base64url encoded'),
  payloadJson: unauthorized('Jwt payload is an invalid JSON'),
  audienceType: unauthorized('Jwt payload [aud] field is not a string or string list'),
  signatureBase64: unauthorized('Jwt signature is an invalid Base64url encoded'),
  ed25519Length: unauthorized('Jwt ED25519 signature is wrong length'),
  /** JWT-R9 */
  noMatchingKey: unauthorized("Jwks doesn't have key to match kid or alg from Jwt"),
  noValidKeys: unauthorized("Jwks doesn't have any valid public key"),
  /** JWT-R10 */
  keysNotFetched: unauthorized('Jwks remote fetch is failed'),
} satisfies Record<string, TokenFailure>;

const claimFailures = new Map<string, TokenFailure>();

/** Of a claim that has another type: `[iss] field is not a string`. */
export function claimFailure(claim: string, what: 'not a string' | 'not an integer' | 'not a positive 64 bit integer'): TokenFailure {
  const text = `Jwt payload [${claim}] field is ${what}`;
  let failure = claimFailures.get(text);
  if (failure === undefined) {
    failure = unauthorized(text);
    claimFailures.set(text, failure);
  }
  return failure;
}
