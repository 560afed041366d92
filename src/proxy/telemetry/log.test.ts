import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';

async function logTo(format: 'json' | 'text', level: 'info' | 'off' = 'info') {
  const lines: string[] = [];
  return { lines, log: await createLog({ format, level, write: (line) => lines.push(line) }) };
}

describe('the log of the proxy', () => {
  it('writes lines of JSON with Envoy\u2019s level names', async () => {
    const { lines, log } = await logTo('json');
    log.warning('slow', { ms: 7 });
    log.scope('config').critical('gone');
    const [first, second] = lines.map((line) => JSON.parse(line));
    expect(first).toEqual({ level: 'warning', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), ms: 7, msg: 'slow' });
    expect(second).toMatchObject({ level: 'critical', scope: 'config', msg: 'gone' });
  });

  it('writes text for a person, one line whatever the message holds', async () => {
    const { lines, log } = await logTo('text');
    log.scope('config').info('bad\nline', { file: 'a.yaml', why: 'no "host"', of: { n: 1 } });
    expect(lines[0]).toMatch(/^\S+Z info {5}config: bad line file=a\.yaml why="no \\"host\\"" of=\{"n":1\}\n$/);
  });

  it('changes levels while it runs: of all parts, of one, of those to come', async () => {
    const { lines, log } = await logTo('json');
    const config = log.scope('config');
    config.debug('hidden');
    log.setLevel('debug');
    config.debug('shown');
    log.scope('later').debug('shown too');
    log.setLevel('off', 'config');
    config.critical('hidden');
    log.setLevel('error', 'new');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['shown', 'shown too']);
    expect(log.levels()).toEqual({ main: 'debug', config: 'off', later: 'debug', new: 'error' });
  });

  it('is silent when off', async () => {
    const { lines, log } = await logTo('json', 'off');
    log.critical('x');
    expect(lines).toEqual([]);
  });
});
