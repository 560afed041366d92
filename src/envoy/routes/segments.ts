/** Whether Envoy takes a text as a prefix of whole segments; what it does not take is matched by an expression. */
export function isSegments(prefix: string): boolean {
  return /^[^?#]+[^?#/]$/.test(prefix);
}

/** A text as an expression for itself. */
export function quoted(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
