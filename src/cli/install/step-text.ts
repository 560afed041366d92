import type { Step, StepName } from '../../install/steps.ts';
import { counted } from '../counted.ts';

const names: Readonly<Record<StepName, string>> = {
  namespaces: 'Namespace',
  definitions: 'Definitions of kinds',
  controller: 'Controller',
  webhooks: 'Webhooks',
  gateways: 'Gateways',
  record: 'Record of the version',
  prune: 'What is not wanted any more',
};

export function stepName(name: StepName): string {
  return names[name];
}

/** `Controller installed`; undefined for what nobody has to know. */
export function doneText({ name, groups }: Step): string | undefined {
  const written = groups.flat().filter(({ action }) => action !== 'unchanged' && action !== 'kept').length;
  if (name === 'record') return undefined;
  if (name === 'prune') return `${counted(written, 'object')} removed that ${written === 1 ? 'is' : 'are'} not wanted any more`;
  if (written === 0) return undefined;
  return `${names[name]} installed`;
}

/** `Installing Controller`, of a spinner. */
export function doingText({ name }: Step): string {
  return name === 'prune' ? 'Removing what is not wanted any more' : `${names[name]}: installing`;
}
