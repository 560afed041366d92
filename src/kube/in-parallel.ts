/** Requests at a time: more are not faster, and API servers limit them. */
const usualWidth = 12;

/**
 * Results in the order of the items. After the first failure nothing more is started, and what runs is waited for.
 *
 * @param most at a time
 */
export async function inParallel<T, R>(items: readonly T[], run: (item: T) => Promise<R>, most: number = usualWidth): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let failure: { error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failure) {
      const index = next++;
      try {
        results[index] = await run(items[index] as T);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  if (failure) throw failure.error;
  return results;
}
