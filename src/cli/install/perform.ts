import type { Style } from '../../analysis/report/style.ts';
import { ApplyFailure, type ApplyOptions, applyPlan, type Pending, refusalOf } from '../../install/apply.ts';
import type { Plan } from '../../install/plan.ts';
import type { KubeClient } from '../../kube/client.ts';
import { refText } from '../../kube/object.ts';
import { CliError } from '../exit.ts';
import { conflictHelp } from './blockers.ts';
import { Interrupt } from './interrupt.ts';
import { createProgress, type Progress } from './progress.ts';
import { doingText, doneText, stepName } from './step-text.ts';

export interface PerformOptions extends Omit<ApplyOptions, 'events' | 'signal'> {
  style: Style;
  colour: boolean;
  /** What to run again after an interruption: `weft install`. */
  command: string;
  /** Steps are not named when they end well. */
  quiet?: boolean;
}

/**
 * Does what a plan says, and shows how far it is. SIGINT and SIGTERM end it between two requests.
 *
 * @throws CliError that says what has been done, and how to go on
 */
export async function perform(client: KubeClient, plan: Plan, options: PerformOptions): Promise<void> {
  const progress = await createProgress(options.style, options.colour);
  const interrupt = new Interrupt();
  try {
    await applyPlan(client, plan, {
      ...options,
      signal: interrupt.signal,
      events: {
        started: (step) => progress.start(doingText(step)),
        waiting: (_, pending) => progress.wait(shortText(pending)),
        finished: (step) => {
          const text = options.quiet ? undefined : doneText(step);
          if (text !== undefined) progress.done(text);
        },
      },
    });
  } catch (error) {
    throw failure(error, interrupt.reason, progress, options);
  } finally {
    progress.stop();
    interrupt.end();
  }
}

/** Of several things that are waited for, the first. */
function shortText(pending: Pending): string {
  const [first, ...more] = pending;
  if (!first) return '';
  return `${refText(first.ref)}: ${first.reason}${more.length > 0 ? `, and ${more.length} more` : ''}`;
}

function failure(error: unknown, interrupted: string | undefined, progress: Progress, { command, timeoutMs }: PerformOptions): unknown {
  const again = `What is done stays done; ${command} again, with the same values, goes on from here.`;
  if (interrupted !== undefined) {
    progress.stop();
    return new CliError(`interrupted by ${interrupted}, in the middle`, undefined, again);
  }
  if (!(error instanceof ApplyFailure)) return error;
  progress.fail(stepName(error.step));
  const refusal = refusalOf(error);
  if (refusal && refusal.conflicts.length > 0) return new CliError(error.message, undefined, `${conflictHelp.split('. ')[0]}. ${again}`);
  if (error.pending.length > 0) return new CliError(`not ready after ${seconds(timeoutMs)}:\n  ${error.message.replaceAll('\n', '\n  ')}`, undefined, again);
  return new CliError(error.message, undefined, [refusal?.help, again].filter(Boolean).join('\n'));
}

/** `5m`, `1m30s`, `0.5s` */
function seconds(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const rest = (ms % 60_000) / 1000;
  return `${minutes > 0 ? `${minutes}m` : ''}${rest > 0 || minutes === 0 ? `${rest}s` : ''}`;
}
