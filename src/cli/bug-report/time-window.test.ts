import { describe, expect, it } from 'vitest';
import { parseWindow } from './time-window.ts';

const now = new Date('2026-01-02T12:00:00Z');

describe('the time of logs', () => {
  it.each<[Parameters<typeof parseWindow>[0], string | undefined, string | undefined]>([
    [{}, undefined, undefined],
    [{ duration: '30m' }, '2026-01-02T11:30:00.000Z', undefined],
    [{ duration: '1h', endTime: '2026-01-02T10:00:00Z' }, '2026-01-02T09:00:00.000Z', '2026-01-02T10:00:00.000Z'],
    [{ startTime: '2026-01-02T10:00:00+01:00' }, '2026-01-02T09:00:00.000Z', undefined],
    [{ startTime: '2026-01-02 10:00:00.5Z', endTime: '2026-01-02T11:00:00Z' }, '2026-01-02T10:00:00.500Z', '2026-01-02T11:00:00.000Z'],
  ])('%j', (flags, start, end) => {
    const window = parseWindow(flags, now);
    expect([window.start?.toISOString(), window.end?.toISOString()]).toEqual([start, end]);
  });

  it.each([
    [{ startTime: 'yesterday' }, '--start-time takes a time of RFC 3339'],
    [{ endTime: '2026-13-01T00:00:00Z' }, '--end-time takes a time of RFC 3339'],
    [{ duration: '1 day' }, '--duration takes a duration'],
    [{ duration: '-1h' }, '--duration takes a duration'],
    [{ duration: '1h', startTime: '2026-01-02T10:00:00Z' }, '--start-time and --duration say the same'],
    [{ startTime: '2026-01-02T11:00:00Z', endTime: '2026-01-02T10:00:00Z' }, '--start-time 2026-01-02T11:00:00Z is after'],
    [{ startTime: '2026-01-03T11:00:00Z' }, '--start-time 2026-01-03T11:00:00Z has not come yet'],
  ])('%j is a mistake', (flags, message) => expect(() => parseWindow(flags, now)).toThrow(message));
});
