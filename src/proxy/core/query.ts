/** First value of a query parameter, not decoded (MAT-R23); undefined when it is not there. */
export function queryValue(target: string, pathEnd: number, name: string): string | undefined {
  for (let at = pathEnd + 1; at < target.length; ) {
    const next = target.indexOf('&', at);
    const end = next < 0 ? target.length : next;
    if (target.startsWith(name, at)) {
      const behind = at + name.length;
      if (behind === end) return '';
      if (behind < end && target.charCodeAt(behind) === 61) return target.slice(behind + 1, end);
    }
    at = end + 1;
  }
  return undefined;
}
