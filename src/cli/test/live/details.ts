import type { LiveProxy } from './engines.ts';

/** Logs come a little later than answers, on a machine that is busy much later. */
const longestMs = 20_000;
const everyMs = 25;

/** Why a proxy answered requests itself, as in its access log. @param wanted ids of these requests; without those of which there is no line */
export async function detailsOf(proxy: LiveProxy, wanted: readonly string[]): Promise<ReadonlyMap<string, string>> {
  for (const until = performance.now() + longestMs; ; ) {
    const details = proxy.details();
    if (wanted.every((id) => details.has(id)) || performance.now() > until) return details;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
