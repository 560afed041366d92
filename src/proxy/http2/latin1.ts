/** Methods of every Buffer that its types leave out; `toString` and `write` are slower ways to them. */
interface Latin1Buffer extends Buffer {
  latin1Slice(from: number, to: number): string;
  latin1Write(text: string, at: number, length: number): number;
}

export function latin1Slice(buffer: Buffer, from: number, to: number): string {
  return (buffer as Latin1Buffer).latin1Slice(from, to);
}

export function latin1Write(buffer: Buffer, text: string, at: number): void {
  (buffer as Latin1Buffer).latin1Write(text, at, text.length);
}
