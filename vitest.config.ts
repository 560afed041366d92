import { defineConfig } from 'vitest/config';

/** Rules and functions, each tested next to its code. */
const unit = {
  name: 'unit',
  include: ['{src,analyzers,scripts,test,bench}/**/*.test.ts'],
  exclude: ['test/{cli,conformance,proxy,real}/**'],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

/** The real command, built where dist/ is older than the sources. */
const cli = { name: 'cli', include: ['test/cli/**/*.test.ts'], globalSetup: ['test/cli/setup.ts'], testTimeout: 120_000, hookTimeout: 60_000 };

/** The recorded cases beside the checkout: they change the working directory, so each file has a process. */
const conformance = { name: 'conformance', include: ['test/conformance/**/*.test.ts'], pool: 'forks' as const, testTimeout: 120_000 };

/** The running proxy, over real sockets: it mostly waits, so more files at a time than there are cores, after all else. */
const proxy = {
  name: 'proxy',
  include: ['test/proxy/**/*.test.ts'],
  globalSetup: ['test/cli/setup.ts'],
  testTimeout: 120_000,
  hookTimeout: 60_000,
  maxWorkers: 4,
  sequence: { groupOrder: 1 },
};

/** Against real programs: slow, and not part of `npm test`. */
const real = {
  name: 'real',
  include: ['test/real/**/*.test.ts'],
  globalSetup: ['test/cli/setup.ts'],
  testTimeout: 120_000,
  hookTimeout: 120_000,
  fileParallelism: false,
};

export default defineConfig({
  test: {
    passWithNoTests: true,
    projects: [unit, cli, conformance, proxy, real].map((test) => ({ test })),
  },
});
