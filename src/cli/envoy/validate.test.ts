import { expect, it } from 'vitest';
import { reasonOf } from './validate.ts';

const log = "[2026-11-23 00:04:34.213][15059][critical][main] [source/server/config_validation/server.cc:76] error initializing configuration '/tmp/f.json': ";

it.each([
  ['one line', `${log}Only unique values for domains are permitted\n`, 'Only unique values for domains are permitted'],
  ['several lines', `${log}Invalid duration: Expected positive duration:\nseconds: -1\n\n`, 'Invalid duration: Expected positive duration: seconds: -1'],
  ['the same twice', `${log}no\n${log}no\n`, 'no'],
  ['nothing', '\n', ''],
])('%s', (_, said, expected) => expect(reasonOf(said, '/tmp/f.json')).toBe(expected));
