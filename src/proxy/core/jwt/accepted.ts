// What a request gets of a token that a rule accepts (SEC-R42).
import { claimText, headerValue } from './claim-header.ts';
import type { FoundToken, TokenCarrier } from './locations.ts';
import type { ParsedToken } from './parse-token.ts';
import type { TokenRule } from './rule.ts';

/** @returns name of a header whose claim no header can have */
export function applyAccepted({ provider }: TokenRule, { payload, claims }: ParsedToken, found: FoundToken, carrier: TokenCarrier): string | undefined {
  const { headers } = carrier;
  if (provider.payloadHeader !== undefined) headers.push(provider.payloadHeader.toLowerCase(), payload);
  let impossible: string | undefined;
  for (const { header, claim } of provider.claimHeaders) {
    const text = claimText(claims, claim);
    if (text === undefined) continue;
    const name = header.toLowerCase();
    const value = headerValue(text);
    if (value === undefined) impossible ??= name;
    else headers.push(name, value);
  }
  if (!provider.forward) found.remove(carrier);
  return impossible;
}
