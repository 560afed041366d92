import type { HTTPMatchRequest, StringMatch } from '../../../manifest/istio/networking.gen.ts';

type StringMatches = Readonly<Record<string, StringMatch | null>> | undefined;

interface Entry<T> {
  conditions: readonly string[];
  item: T;
}

interface Bucket<T> {
  byPrefix: Map<string, Entry<T>[]>;
  lengths: Set<number>;
}

/**
 * Finds the earlier matches whose path prefix a later one begins with. The port and the names of headers and query parameters
 * have to be equal, and each value of the earlier match equal to or longer than that of the later one; other conditions do
 * not count. The reference compares like this, although a longer value in the earlier match leaves requests for the later one.
 */
export class PrefixCover<T> {
  private readonly buckets = new Map<string, Bucket<T>>();

  add(match: HTTPMatchRequest, prefix: string, item: T): void {
    const key = keyOf(match);
    const bucket: Bucket<T> = this.buckets.get(key) ?? { byPrefix: new Map(), lengths: new Set() };
    this.buckets.set(key, bucket);
    const entries = bucket.byPrefix.get(prefix) ?? [];
    bucket.byPrefix.set(prefix, entries);
    bucket.lengths.add(prefix.length);
    entries.push({ conditions: conditionsOf(match), item });
  }

  covering(match: HTTPMatchRequest, prefix: string): T[] {
    const bucket = this.buckets.get(keyOf(match));
    const found: T[] = [];
    if (!bucket) return found;
    const later = conditionsOf(match);
    for (const length of bucket.lengths) {
      if (length >= prefix.length) continue;
      for (const { conditions, item } of bucket.byPrefix.get(prefix.slice(0, length)) ?? []) {
        if (conditions.every((value, i) => value.startsWith(later[i] as string))) found.push(item);
      }
    }
    return found;
  }
}

function namesOf(matches: StringMatches): string[] {
  return Object.keys(matches ?? {}).sort();
}

function keyOf(match: HTTPMatchRequest): string {
  return JSON.stringify([match.port ?? 0, namesOf(match.headers), namesOf(match.queryParams), namesOf(match.withoutHeaders)]);
}

/** Method, authority, and the values of headers and query parameters in the order of their names. */
function conditionsOf(match: HTTPMatchRequest): string[] {
  const values = [match.headers, match.queryParams, match.withoutHeaders].flatMap((matches) => namesOf(matches).map((name) => conditionOf(matches?.[name])));
  // The reference takes a match without a method for one of GET.
  return [conditionOf(match.method) || 'exact:GET', conditionOf(match.authority), ...values];
}

function conditionOf(match: StringMatch | null | undefined): string {
  if (match?.exact) return `exact:${match.exact}`;
  return match?.prefix ? `prefix:${match.prefix}` : '';
}
