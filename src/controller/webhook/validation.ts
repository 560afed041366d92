import { isDeepStrictEqual } from 'node:util';
import { kindName } from '../../manifest/kinds.ts';
import { formatPath } from '../../manifest/problem.ts';
import { Resource } from '../../manifest/resource.ts';
import type { CheckResource, Remark } from '../../pipeline/check-resource.ts';
import { remarkText } from '../judged-text.ts';
import type { AdmissionAnswer, AdmissionRequest } from './admission.ts';

const allowed: AdmissionAnswer = { allowed: true };

/** Of so many errors at most the message tells; the others are counted. */
const mostErrors = 20;

/**
 * What the validation webhook says of an object: it is refused when it breaks the rules of its kind. Kinds without rules, what is
 * deleted, and status are let through. So is an object that was wrong before and does not change but for its metadata: else nobody
 * could take a finalizer from it.
 */
export function validateObject(request: AdmissionRequest, check: CheckResource): AdmissionAnswer {
  const { operation, subResource, object, oldObject } = request;
  if ((operation !== 'CREATE' && operation !== 'UPDATE') || subResource !== '' || !object) return allowed;
  const kind = kindName(object.apiVersion, object.kind);
  if (kind === undefined || object.metadata.deletionTimestamp !== undefined) return allowed;
  const isUnchanged = oldObject !== undefined && isDeepStrictEqual(oldObject.spec, object.spec);
  const resource = new Resource(object, kind, object.metadata.namespace ?? request.namespace, undefined);
  const { undecodable, unknown, errors, warnings } = check(resource);
  const wrong = [...undecodable, ...errors];
  const said = [...unknown, ...warnings].map(remarkText);
  if (wrong.length === 0) return { allowed: true, warnings: said };
  if (isUnchanged) return { allowed: true, warnings: [...wrong.map((remark) => `this was wrong before: ${remarkText(remark)}`), ...said] };
  return { allowed: false, message: messageOf(resource, wrong), causes: wrong.slice(0, mostErrors).map(causeOf), warnings: said };
}

function messageOf({ friendlyName }: Resource, wrong: readonly Remark[]): string {
  const [only] = wrong;
  if (wrong.length === 1 && only) return `${friendlyName} is not valid: ${withHelp(only)}`;
  const lines = wrong.slice(0, mostErrors).map((remark) => `\n  - ${withHelp(remark)}`);
  const more = wrong.length > mostErrors ? `\n  - and ${wrong.length - mostErrors} more` : '';
  return `${friendlyName} is not valid, with ${wrong.length} errors:${lines.join('')}${more}`;
}

function withHelp(remark: Remark): string {
  return `${remarkText(remark)}${remark.help ? ` (${remark.help})` : ''}`;
}

function causeOf({ path = [], text }: Remark): { field: string; message: string } {
  return { field: formatPath(path), message: text };
}
