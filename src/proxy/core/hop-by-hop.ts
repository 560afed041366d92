// Headers of one connection (RT-R44): what `connection` and `te` mean.
import type { Headers } from './headers.ts';

/** So many options in `connection`, and the request is refused. */
const tooManyOptions = 10;
const longestTe = 256;

/** Options that name no header. */
const ownOptions: ReadonlySet<string> = new Set(['close', 'keep-alive', 'upgrade', '']);

/** Headers that a client must not take away by naming them: they tell where a request is from, and whom it is for. */
const notNominable: ReadonlySet<string> = new Set(['host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

function optionsOf(connection: string): string[] {
  return connection.split(',').map((option) => option.trim().toLowerCase());
}

/** Whether `connection` names headers that end here. */
export function nominatesHeaders(connection: string): boolean {
  if (connection === 'keep-alive' || connection === 'close' || connection === 'Upgrade') return false;
  return optionsOf(connection).some((option) => !ownOptions.has(option)) || optionsOf(connection).length >= tooManyOptions;
}

/** The headers without those that `connection` names; undefined: no request should name those. */
export function withoutNominated(headers: Headers, connection: string): Headers | undefined {
  const options = optionsOf(connection).filter((option) => option !== '');
  if (options.length >= tooManyOptions) return undefined;
  const nominated = new Set<string>();
  for (const option of options) {
    if (ownOptions.has(option)) continue;
    if (notNominable.has(option) || option.includes(':')) return undefined;
    nominated.add(option);
  }
  const out: Headers = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (name === 'connection') continue;
    if (name === 'te' && nominated.has('te')) {
      if (value.length >= longestTe) return undefined;
      if (!acceptsTrailers(value)) continue;
    } else if (nominated.has(name)) continue;
    out.push(name, value);
  }
  const left = options.filter((option) => ownOptions.has(option));
  if (left.length > 0) out.push('connection', left.join(','));
  return out;
}

/** The only transfer coding that is passed on. */
export function acceptsTrailers(te: string): boolean {
  return te === 'trailers' || te.split(',').some((coding) => (coding.split(';')[0] as string).trim().toLowerCase() === 'trailers');
}

/** Whether a message asks for, or grants, an upgrade. */
export function isUpgrade(connection: string | undefined, upgrade: string | undefined): boolean {
  return connection !== undefined && upgrade !== undefined && upgrade !== '' && optionsOf(connection).includes('upgrade');
}

/** The upgrades that are passed on (RT-R48). */
export function isForwardedUpgrade(connection: string | undefined, upgrade: string | undefined): boolean {
  return isUpgrade(connection, upgrade) && (upgrade as string).toLowerCase() === 'websocket';
}
