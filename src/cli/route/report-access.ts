// Section about who may: at the proxy that the request comes through, and at the workloads that it goes to.

import type { Style } from '../../analysis/report/style.ts';
import type { Admission, AdmissionStage, UnknownPart } from '../../simulate/admission/admission.ts';
import type { Arrival } from '../../simulate/arrivals.ts';
import { counted } from '../counted.ts';
import { deniedText, ruleText, tokenText, unknownHelp, unknownText, unmetTexts } from './access-words.ts';
import type { Page, Row } from './page.ts';
import type { Places } from './places.ts';
import { serviceText } from './words.ts';

export interface AccessPage extends Pick<Page, 'section' | 'row'> {
  style: Style;
  places: Places;
}

/** Rules of one stage that are shown one by one. */
const mostRules = 12;
const stage = 4;
const rule = 6;

/** @param own of the proxy that the request comes to first: a gateway; undefined: none is asked there */
export function accessSection(page: AccessPage, own: Admission | undefined, arrivals: readonly Arrival[], namespace: string): void {
  if (!own && arrivals.length === 0) return;
  page.section('Who may');
  if (own) {
    page.row(`here: ${verdictText(own)}`, { paint: paintOf(page, own.verdict) });
    admissionRows(page, own);
  }
  if (arrivals.some(({ callerSidecar }) => callerSidecar))
    page.row('the caller has no sidecar: nothing asks the rules for its requests, so they may go elsewhere', { paint: page.style.warning });
  for (const arrival of arrivals) arrivalRows(page, arrival, namespace);
  const unknown = new Set([own, ...arrivals.map(({ admission }) => admission)].flatMap((one) => (one?.verdict === 'unknown' ? asked(one) : [])));
  for (const part of unknown) page.row(`${unknownHelp[part]}.`, { paint: page.style.dim });
}

export function arrivalRows(page: AccessPage, arrival: Arrival, namespace: string): void {
  const { destination, workload, sidecar, accepts, sends, principal, verdict, admission } = arrival;
  const { style, places } = page;
  const name = `${serviceText(destination, namespace)} at ${workload.name === '' ? 'a workload' : workload.name}.${workload.namespace}, port ${workload.port}`;
  page.row(`${name}: ${arrivalVerdict(arrival)}`, { paint: paintOf(page, verdict) });
  const who = sends === 'mTLS' ? ` as ${principal ?? 'somebody whose service account is not known'}` : '';
  const place: Row = accepts.policy ? { place: places.of(accepts.policy) } : {};
  if (sidecar === 'no') {
    page.row(`it has no sidecar: no policy is asked${verdict === 'closed' ? ', and nobody there speaks the mTLS that the caller speaks' : ''}`, {
      indent: stage,
      paint: style.warning,
    });
    return;
  }
  page.row(`the caller sends ${sends}${who}; it takes ${takes[accepts.mode]} (${accepts.mode})`, {
    ...place,
    indent: stage,
  });
  if (sidecar === 'assumed')
    page.row('a sidecar is taken to be there: the namespace of the workload is not among the manifests', { indent: stage, paint: style.dim });
  if (admission) admissionRows(page, admission);
  else if (verdict !== 'closed') page.row('no AuthorizationPolicy and no RequestAuthentication applies', { indent: stage, paint: style.dim });
}

const takes = { STRICT: 'mTLS only', PERMISSIVE: 'mTLS and plain text', DISABLE: 'plain text' } as const;

/** `allowed`, `denied with 403 by rule 1 of shop/deny-post` */
export function arrivalVerdict({ verdict, outcome, admission, accepts, sends }: Arrival): string {
  if (verdict === 'closed') {
    const why =
      outcome === undefined
        ? 'no TLS of the mesh is spoken there'
        : sends === 'plain text' && accepts.mode === 'STRICT'
          ? 'it takes mTLS only, and plain text is sent'
          : `it does not take the ${sends} that is sent`;
    return `the connection is closed: ${why}`;
  }
  if (verdict === 'denied' && admission && outcome?.kind === 'denied') {
    const by = deniedText(admission, outcome.details);
    return outcome.reply ? `denied with ${outcome.reply.status} ${by}` : `denied ${by}, and the connection is closed`;
  }
  return admission ? verdictText(admission) : 'allowed';
}

export function verdictText(admission: Admission): string {
  const { verdict, rule: decided, asked: providers, stages, details = '' } = admission;
  switch (verdict) {
    case 'denied':
      return `denied ${deniedText(admission, details)}`;
    case 'asked':
      return `as ${providers.map(({ provider, rule: by }) => `${provider} says, which ${ruleText(by.name)} asks`).join(', and ')}`;
    case 'unknown':
      return `not to be told: it hinges on ${unknownText(asked(admission))}`;
    case 'allowed':
      if (decided) return `allowed by ${ruleText(decided.name)}`;
      return stages ? 'allowed: no DENY rule takes it, and there is no ALLOW policy' : 'allowed: no AuthorizationPolicy applies';
  }
}

/** What a decision hinges on. */
function asked({ stages = [], unknown, token }: Admission): UnknownPart[] {
  const found = stages.filter(({ action, dryRun }) => action !== 'AUDIT' && !dryRun).flatMap(({ rules }) => rules.flatMap((one) => one.unknown));
  const all = [...new Set([...(token?.kind === 'unverified' ? (['claim'] as const) : []), ...found])];
  return all.length > 0 ? all : unknown;
}

function paintOf({ style }: AccessPage, verdict: Arrival['verdict']): (text: string) => string {
  return verdict === 'allowed' ? style.good : verdict === 'denied' || verdict === 'closed' ? style.error : style.warning;
}

function admissionRows(page: AccessPage, { token, stages = [] }: Admission): void {
  const { places } = page;
  let tokenTold = token === undefined;
  const tellToken = (): void => {
    if (tokenTold || !token) return;
    tokenTold = true;
    page.row(`tokens: ${tokenText(token)}`, { indent: stage, ...('origin' in token ? { place: places.of(token.origin) } : {}) });
  };
  for (const one of stages) {
    if (one.action !== 'CUSTOM') tellToken();
    stageRows(page, one);
  }
  tellToken();
}

function stageRows(page: AccessPage, { action, dryRun, provider, reached, rules }: AdmissionStage): void {
  const { style, places } = page;
  const notes = [
    ...(provider
      ? [
          provider.known
            ? `asks ${provider.name}${provider.failOpen ? ', and goes on where it cannot be asked' : ''}`
            : `there is no provider ${provider.name}: what it takes is denied`,
        ]
      : []),
    ...(dryRun ? ['tried out: only logged'] : []),
    ...(action === 'AUDIT' ? ['only logged'] : []),
    ...(reached ? [] : ['not asked any more']),
  ];
  page.row(`${action}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}${rules.length === 0 ? ': no rule' : ''}`, { indent: stage });
  // What holds, and what may, is what somebody looks for.
  const told = [...rules.filter(({ holds }) => holds !== 'no'), ...rules.filter(({ holds }) => holds === 'no')].slice(0, mostRules);
  for (const one of rules.filter((each) => told.includes(each))) {
    const { name, origin, holds, unknown } = one;
    const text =
      holds === 'yes'
        ? `✔ ${ruleText(name)} takes it`
        : holds === 'unknown'
          ? `? ${ruleText(name)} asks for ${unknownText(unknown)}`
          : `✘ ${ruleText(name)}: ${unmetTexts(one).join(', and ')}`;
    const paint =
      holds === 'no' || !reached
        ? style.dim
        : holds === 'unknown'
          ? style.warning
          : action === 'ALLOW'
            ? style.good
            : action === 'AUDIT' || dryRun
              ? style.strong
              : style.error;
    page.row(text, { indent: rule, paint, place: places.of(origin) });
  }
  if (rules.length > told.length)
    page.row(`${counted(rules.length - told.length, 'rule')} more that do not take it (-o json has all)`, { indent: rule, paint: style.dim });
}
