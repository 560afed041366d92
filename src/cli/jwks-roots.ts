import { readFileSync } from 'node:fs';
import { certificatesOf, readCertificate } from '../pki/pem.ts';
import { CliError } from './exit.ts';

/**
 * The certificates of `--jwks-ca`; undefined without the flag.
 *
 * @throws CliError for a file that cannot be read, that has none, or one that is broken
 */
export function jwksRoots(file: string | undefined): readonly string[] | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliError(`--jwks-ca: ${file} cannot be read: ${(error as Error).message}`);
  }
  const found = certificatesOf(text);
  if (found.length === 0) throw new CliError(`--jwks-ca: ${file} has no certificate`, undefined, 'It has to have PEM: -----BEGIN CERTIFICATE----- …');
  const broken = found.findIndex((pem) => readCertificate(pem) === undefined);
  if (broken >= 0) throw new CliError(`--jwks-ca: certificate ${broken + 1} of ${file} cannot be read`);
  return found;
}
