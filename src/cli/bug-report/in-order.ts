/**
 * Runs several at a time, and hands over results in the order of the items. No more than `width` of them wait for their turn.
 *
 * @throws what a run throws, at its turn; what runs is waited for before
 */
export async function* inOrder<T, R>(items: readonly T[], run: (item: T) => Promise<R>, width: number): AsyncGenerator<R, void, undefined> {
  const running: Promise<R>[] = [];
  let next = 0;
  const start = (): void => {
    const pending = run(items[next++] as T);
    // At its turn it is heard.
    pending.catch(() => {});
    running.push(pending);
  };
  try {
    while (next < items.length && running.length < width) start();
    for (let first = running.shift(); first; first = running.shift()) {
      const result = await first;
      if (next < items.length) start();
      yield result;
    }
  } finally {
    await Promise.allSettled(running);
  }
}
