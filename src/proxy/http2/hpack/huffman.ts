// The Huffman code of RFC 7541, appendix B. It is canonical: the lengths of the codes give the codes.

/** Length of the code of each byte, and of the end of string (256), which no text may contain. */
const lengths = new Uint8Array(257);
const runs: readonly (readonly [from: number, ...lengths: number[]])[] = [
  [0, 13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  [32, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  [64, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  [96, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  [128, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  [160, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  [192, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  [224, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  [256, 30],
];
for (const [from, ...list] of runs) lengths.set(list, from);

/**
 * Decoding a byte at a time: entry `node * 256 + byte` is `symbol << 8 | length` of the code that the byte begins with, seen from
 * the node, or the number of the next node as a negative.
 */
const tree = buildTree();
/** Of the table above for the end of string. */
const endOfString = 256;

function buildTree(): Int32Array {
  const symbols = [...lengths.keys()].sort((a, b) => (lengths[a] as number) - (lengths[b] as number) || a - b);
  const nodes: Int32Array[] = [new Int32Array(256)];
  let code = 0;
  let length = 0;
  for (const symbol of symbols) {
    const size = lengths[symbol] as number;
    code *= 2 ** (size - length);
    length = size;
    let node = 0;
    let left = size;
    while (left > 8) {
      const byte = Math.floor(code / 2 ** (left - 8)) & 255;
      const table = nodes[node] as Int32Array;
      if (table[byte] === 0) {
        table[byte] = -nodes.length;
        nodes.push(new Int32Array(256));
      }
      node = -(table[byte] as number);
      left -= 8;
    }
    const first = (code << (8 - left)) & 255;
    (nodes[node] as Int32Array).fill((symbol << 8) | left, first, first + (1 << (8 - left)));
    code++;
  }
  const flat = new Int32Array(nodes.length * 256);
  for (const [i, table] of nodes.entries()) flat.set(table, i * 256);
  return flat;
}

/** Bytes that a text of so many coded bytes has at most: the shortest code has 5 bits. */
export function mostDecoded(coded: number): number {
  return Math.floor((coded * 8) / 5);
}

/**
 * Decodes into `out` from its beginning, which must have room for `mostDecoded` bytes.
 *
 * @returns number of bytes, or -1 when it is no text of this code: it contains the end of string, or its padding is longer than
 *   seven bits or not all ones
 */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number, out: Uint8Array): number {
  let count = 0;
  let node = 0;
  let bits = 0;
  let held = 0;
  /** Bits since the last whole symbol. */
  let open = 0;
  for (let i = from; i < to; i++) {
    held = ((held << 8) | (bytes[i] as number)) & 0xffff;
    bits += 8;
    open += 8;
    while (bits >= 8) {
      const entry = tree[node * 256 + ((held >> (bits - 8)) & 255)] as number;
      if (entry < 0) {
        node = -entry;
        bits -= 8;
        continue;
      }
      const symbol = entry >> 8;
      if (symbol === endOfString) return -1;
      out[count++] = symbol;
      bits -= entry & 255;
      open = bits;
      node = 0;
    }
  }
  while (bits > 0) {
    const entry = tree[node * 256 + ((held << (8 - bits)) & 255)] as number;
    if (entry < 0 || (entry & 255) > bits) break;
    if (entry >> 8 === endOfString) return -1;
    out[count++] = entry >> 8;
    bits -= entry & 255;
    open = bits;
    node = 0;
  }
  const ones = (1 << bits) - 1;
  return open > 7 || (held & ones) !== ones ? -1 : count;
}
