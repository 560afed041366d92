// Whether policies let a request in: at the gateway that it comes to, and at the workloads that it goes to.
import { ruleOfName } from '../../ir/authorization.ts';
import type { Admission } from '../../simulate/admission/admission.ts';
import type { Arrival } from '../../simulate/arrivals.ts';
import type { Simulation } from '../../simulate/simulation.ts';
import type { Expectation } from '../format/test-format.ts';
import type { Mismatch } from '../result.ts';
import { outcomeText } from './outcome.ts';

/** One place where the request was judged. */
interface Judged {
  /** `the gateway`, `cart.shop` */
  where: string;
  verdict: Arrival['verdict'];
  /** Of HTTP that is denied. */
  status?: number;
  admission: Admission | undefined;
}

/** @param arrivals undefined: nobody asked for them; of a request that comes to a workload as it is, that one alone */
export function checkAccess({ allowed, denied }: Expectation, simulation: Simulation, arrivals: readonly Arrival[] = [], isDirect = false): Mismatch[] {
  if (allowed === undefined && !denied) return [];
  const judged = isDirect ? arrivals.map(judgedAt) : judgedOf(simulation, arrivals);
  const got = judged.map(judgedText).join('\n') || outcomeText(simulation);
  // Whom nobody knows nobody can ask.
  const isAnswered = judged.length > 0 || (allowed === true && simulation.outcome.kind !== 'routed' && simulation.outcome.kind !== 'tcp');
  if (!isAnswered)
    return [{ field: denied ? 'denied' : 'allowed', expected: denied ? 'denied' : String(allowed), got: `${got}; no workload behind it is known` }];
  const out: Mismatch[] = [];
  if (allowed !== undefined) {
    const holds = judged.every(({ verdict }) => (allowed ? verdict === 'allowed' : verdict === 'denied' || verdict === 'closed'));
    if (!holds) out.push({ field: 'allowed', expected: String(allowed), got });
  }
  if (!denied) return out;
  const { status, policy, rule } = denied;
  const expected = [
    ...(status === undefined ? [] : [`with ${status}`]),
    ...(policy === undefined ? [] : [policy === nobody ? 'as no rule allows it' : `by ${policy}`]),
    ...(rule === undefined ? [] : [`rule ${rule}`]),
  ];
  const asExpected = (one: Judged): boolean => {
    if (one.verdict !== 'denied') return false;
    const by = ruleOf(one.admission);
    return (
      (status === undefined || one.status === status) &&
      (policy === undefined || (policy === nobody ? one.admission?.by === 'allow' : by?.policy === policy)) &&
      (rule === undefined || by?.rule === rule)
    );
  };
  if (!judged.every(asExpected)) out.push({ field: 'denied', expected: ['denied', ...expected].join(' '), got });
  return out;
}

/** Of denials because no ALLOW rule takes the request. */
const nobody = 'none';

/** Who is denied at the first place does not come to the second. */
function judgedOf(simulation: Simulation, arrivals: readonly Arrival[]): Judged[] {
  const { outcome, admission, proxy } = simulation;
  const own: Judged[] = admission
    ? [
        {
          where: proxy.name === '' ? 'the gateway' : `${proxy.name}.${proxy.namespace}`,
          verdict: admission.verdict,
          admission,
          ...(outcome.kind === 'denied' && outcome.reply ? { status: outcome.reply.status } : {}),
        },
      ]
    : [];
  if (outcome.kind === 'denied') return own;
  return [...own, ...arrivals.map(judgedAt)];
}

function judgedAt({ workload, verdict, outcome, admission }: Arrival): Judged {
  const reply = outcome?.kind === 'denied' ? outcome.reply : undefined;
  return { where: `${workload.name}.${workload.namespace}`, verdict, admission, ...(reply ? { status: reply.status } : {}) };
}

function ruleOf(admission: Admission | undefined): { policy: string; rule: number } | undefined {
  const parts = ruleOfName(admission?.rule?.name ?? '');
  return parts && { policy: `${parts.policy}.${parts.namespace}`, rule: parts.rule };
}

/** `cart.shop: denied with 403 by deny-post.shop rule 0` */
function judgedText({ where, verdict, status, admission }: Judged): string {
  const by = ruleOf(admission);
  const named = by ? ` by ${by.policy} rule ${by.rule}` : '';
  switch (verdict) {
    case 'allowed':
      return `${where}: allowed${named}`;
    case 'closed':
      return `${where}: the connection is closed`;
    case 'asked':
      return `${where}: as ${admission?.asked.map(({ provider }) => provider).join(', ')} says, which is not asked here`;
    case 'unknown':
      return `${where}: not to be told: ${unknownText(admission)}`;
    case 'denied': {
      const token = admission?.by === 'token' && admission.token?.kind === 'refused' ? `: ${admission.token.text}` : '';
      return `${where}: denied${status === undefined ? '' : ` with ${status}`}${named}${admission?.by === 'allow' ? ' as no rule allows it' : ''}${token}`;
    }
  }
}

function unknownText(admission: Admission | undefined): string {
  if (admission?.token?.kind === 'unverified') return 'the token is not verified; claims say what a verified one has';
  return admission?.unknown.includes('peer')
    ? 'nothing says the service account of the caller; from names a workload'
    : 'the addresses of the caller are not known; sourceIp and remoteIp say them';
}
