// The longest that a request can take, drawn.

import type { Style } from '../../analysis/report/style.ts';
import type { StepEnd, Timeline, TimelineStep } from '../../simulate/timeline.ts';
import { counted } from '../counted.ts';
import { ms } from './words.ts';

const ends: Readonly<Record<StepEnd, string>> = {
  delay: 'delay of the fault',
  backoff: 'pause, drawn',
  'per-try-timeout': 'per-try timeout',
  'connect-timeout': 'connect timeout',
  timeout: 'timeout of the request',
  'stream-duration': 'limit of grpc-timeout',
  abort: 'abort of the fault',
  never: 'no limit',
};

const widestBar = 48;
const narrowestBar = 8;

/** One line a step: a bar on one scale, begin and end, and what ends it. */
export function timelineLines(timeline: Timeline, width: number, style: Style): string[] {
  const rows = timeline.steps.map((step) => ({ step, name: nameOf(step), times: timesOf(step), why: ends[step.ends] }));
  const names = widest(rows.map(({ name }) => name));
  const times = widest(rows.map((row) => row.times));
  const whys = widest(rows.map(({ why }) => why));
  const room = width - names - times - whys - 8;
  const bar = Math.min(widestBar, room);
  const scale = scaleOf(timeline);
  return rows.map(({ step, name, times: own, why }) => {
    const drawn = bar < narrowestBar ? '' : `${colour(step, style)(barOf(step, scale, bar))}${' '.repeat(bar - barOf(step, scale, bar).length)}  `;
    return `${name.padEnd(names)}  ${drawn}${own.padEnd(times)}  ${style.dim(why)}`.trimEnd();
  });
}

/** `at most 2s, then 504`; `without an end: …`. */
export function totalText({ totalMs, status, ends: why, triesAllowed, triesBegun }: Timeline): string {
  const tries =
    triesAllowed === 1 ? '' : triesBegun < triesAllowed ? `; only ${triesBegun} of ${counted(triesAllowed, 'try', 'tries')} can begin in this time` : '';
  if (totalMs === undefined) return `without an end: nothing limits ${triesBegun > 1 ? `try ${triesBegun}` : 'how long the answer may take'}`;
  if (why === 'abort') return `${ms(totalMs)}, then ${status}`;
  return `at most ${ms(totalMs)}, then ${status} (${ends[why]})${tries}`;
}

function nameOf({ kind, number }: TimelineStep): string {
  return kind === 'attempt' ? `try ${number}` : kind === 'backoff' ? 'pause' : 'delay';
}

function timesOf({ kind, startMs, endMs, minMs }: TimelineStep): string {
  if (kind === 'backoff') return endMs === undefined ? '' : `${ms(minMs)} to ${ms(endMs - startMs)}`;
  return endMs === undefined ? `from ${ms(startMs)}` : `${ms(startMs)} to ${ms(endMs)}`;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

/** Milliseconds that a whole bar stands for: what has no end gets as much as all before it. */
function scaleOf({ steps, totalMs }: Timeline): number {
  const known = Math.max(0, ...steps.map(({ startMs, endMs }) => endMs ?? startMs));
  return Math.max(totalMs ?? known * 2, 1);
}

function barOf({ startMs, endMs }: TimelineStep, scale: number, width: number): string {
  const at = (time: number): number => Math.min(width, Math.round((time / scale) * width));
  const from = Math.min(at(startMs), width - 1);
  if (endMs === undefined) return `${' '.repeat(from)}${'█'.repeat(Math.max(width - from - 1, 0))}▶`;
  const length = Math.max(at(endMs) - from, 0);
  return `${' '.repeat(from)}${length === 0 ? '▏' : '█'.repeat(length)}`;
}

function colour({ kind }: TimelineStep, style: Style): (text: string) => string {
  return kind === 'attempt' ? style.info : kind === 'backoff' ? style.dim : style.warning;
}
