// What a live proxy did with a request that came to its workload, against what the routing table says.
import type { Mismatch } from '../../../route-tests/result.ts';
import type { Arrival } from '../../../simulate/arrivals.ts';
import type { Answer } from './send.ts';

export interface SeenArrival {
  /** Or why there is none. */
  answer: Answer | Error;
  /** The workload got the request. */
  arrived: boolean;
  /** Of the answer, as in the access log; undefined: it has no line. */
  details: string | undefined;
}

/** @param engine name for the output */
export function compareArrival(engine: string, expected: Arrival, seen: SeenArrival): Mismatch[] {
  const { workload } = expected;
  const field = `${engine}: at ${workload.name}.${workload.namespace}`;
  const [wanted, got] = [expectedText(expected), gotText(seen, expected)];
  return wanted === got ? [] : [{ field, expected: wanted, got, note: 'the routing table says otherwise than the proxy does' }];
}

/** Of a denial with what tells one from another. */
function expectedText({ verdict, outcome }: Arrival): string {
  if (verdict === 'closed') return 'the connection is closed';
  const reply = outcome && 'reply' in outcome ? outcome.reply : undefined;
  if (!reply) return 'it comes to the workload';
  const challenge = reply.headers.find(([name]) => name === challengeHeader)?.[1];
  return replyText(reply, challenge, verdict === 'denied' ? reply.details : undefined);
}

function gotText({ answer, arrived, details }: SeenArrival, { verdict }: Arrival): string {
  if (arrived) return 'it comes to the workload';
  if (answer instanceof Error) return verdict === 'closed' ? 'the connection is closed' : `no answer: ${answer.message}`;
  return replyText(answer, answer.headers[challengeHeader], verdict === 'denied' ? (details ?? 'no line in the access log') : undefined);
}

const challengeHeader = 'www-authenticate';

function replyText({ status, body }: Pick<Answer, 'status' | 'body'>, challenge: string | undefined, details: string | undefined): string {
  return [
    `answer ${status}`,
    ...(body === '' ? [] : [body]),
    ...(challenge === undefined ? [] : [`${challengeHeader}: ${challenge}`]),
    ...(details === undefined ? [] : [details]),
  ].join('\n');
}
