// XXH64, the hash of consistent hashing (DR-R30). A bigint for each step would cost more than the rest of a request, so a 64-bit
// number is two halves of 32 bits, and the arithmetic is done on the halves.

/** An unsigned number of 64 bits: `hi * 2^32 + lo`; both are unsigned. */
export interface Hash64 {
  readonly hi: number;
  readonly lo: number;
}

const p1Hi = 0x9e3779b1;
const p1Lo = 0x85ebca87;
const p2Hi = 0xc2b2ae3d;
const p2Lo = 0x27d4eb4f;
const p3Hi = 0x165667b1;
const p3Lo = 0x9e3779f9;
const p4Hi = 0x85ebca77;
const p4Lo = 0xc2b2ae63;
const p5Hi = 0x27d4eb2f;
const p5Lo = 0x165667c5;

// The accumulator that the steps below work on; nothing here is asynchronous, so one is enough.
let accHi = 0;
let accLo = 0;

function add(hi: number, lo: number): void {
  const sum = (accLo >>> 0) + (lo >>> 0);
  accLo = sum | 0;
  accHi = (accHi + hi + (sum > 0xffffffff ? 1 : 0)) | 0;
}

function multiply(hi: number, lo: number): void {
  const a0 = accLo & 0xffff;
  const a1 = accLo >>> 16;
  const b0 = lo & 0xffff;
  const b1 = lo >>> 16;
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 16);
  const middle2 = a0 * b1 + (middle & 0xffff);
  const carry = a1 * b1 + (middle >>> 16) + (middle2 >>> 16);
  accHi = (Math.imul(accHi, lo) + Math.imul(accLo, hi) + (carry | 0)) | 0;
  accLo = (middle2 << 16) | (low & 0xffff) | 0;
}

function rotate(bits: number): void {
  const hi = accHi;
  const lo = accLo;
  if (bits < 32) {
    accHi = (hi << bits) | (lo >>> (32 - bits));
    accLo = (lo << bits) | (hi >>> (32 - bits));
  } else {
    accHi = (lo << (bits - 32)) | (hi >>> (64 - bits));
    accLo = (hi << (bits - 32)) | (lo >>> (64 - bits));
  }
}

/** Four characters as bytes, the first lowest. */
function word(text: string, at: number): number {
  return (text.charCodeAt(at) & 0xff) | ((text.charCodeAt(at + 1) & 0xff) << 8) | ((text.charCodeAt(at + 2) & 0xff) << 16) | (text.charCodeAt(at + 3) << 24);
}

/** One step of a lane that is in the accumulator. */
function lane(text: string, at: number): void {
  const hi = accHi;
  const lo = accLo;
  accHi = word(text, at + 4);
  accLo = word(text, at);
  multiply(p2Hi, p2Lo);
  add(hi, lo);
  rotate(31);
  multiply(p1Hi, p1Lo);
}

/** Mixes a lane into the accumulator. */
function merge(laneHi: number, laneLo: number): void {
  const hi = accHi;
  const lo = accLo;
  accHi = laneHi;
  accLo = laneLo;
  multiply(p2Hi, p2Lo);
  rotate(31);
  multiply(p1Hi, p1Lo);
  accHi ^= hi;
  accLo ^= lo;
  multiply(p1Hi, p1Lo);
  add(p4Hi, p4Lo);
}

/** The four lanes over whole blocks of 32 bytes; leaves their mix in the accumulator and returns the offset of the rest. */
function blocks(text: string, seedHi: number, seedLo: number): number {
  accHi = seedHi;
  accLo = seedLo;
  add(p1Hi, p1Lo);
  add(p2Hi, p2Lo);
  let hi1 = accHi;
  let lo1 = accLo;
  accHi = seedHi;
  accLo = seedLo;
  add(p2Hi, p2Lo);
  let hi2 = accHi;
  let lo2 = accLo;
  let hi3 = seedHi;
  let lo3 = seedLo;
  accHi = seedHi;
  accLo = seedLo;
  // Minus the first prime.
  add(~p1Hi, -p1Lo);
  let hi4 = accHi;
  let lo4 = accLo;
  let at = 0;
  for (; at + 32 <= text.length; at += 32) {
    accHi = hi1;
    accLo = lo1;
    lane(text, at);
    hi1 = accHi;
    lo1 = accLo;
    accHi = hi2;
    accLo = lo2;
    lane(text, at + 8);
    hi2 = accHi;
    lo2 = accLo;
    accHi = hi3;
    accLo = lo3;
    lane(text, at + 16);
    hi3 = accHi;
    lo3 = accLo;
    accHi = hi4;
    accLo = lo4;
    lane(text, at + 24);
    hi4 = accHi;
    lo4 = accLo;
  }
  accHi = hi1;
  accLo = lo1;
  rotate(1);
  const sumHi = accHi;
  const sumLo = accLo;
  accHi = hi2;
  accLo = lo2;
  rotate(7);
  add(sumHi, sumLo);
  const sum2Hi = accHi;
  const sum2Lo = accLo;
  accHi = hi3;
  accLo = lo3;
  rotate(12);
  add(sum2Hi, sum2Lo);
  const sum3Hi = accHi;
  const sum3Lo = accLo;
  accHi = hi4;
  accLo = lo4;
  rotate(18);
  add(sum3Hi, sum3Lo);
  merge(hi1, lo1);
  merge(hi2, lo2);
  merge(hi3, lo3);
  merge(hi4, lo4);
  return at;
}

/** The bytes that fill no block: words of eight, of four, and single ones. */
function rest(text: string, from: number): void {
  let at = from;
  for (; at + 8 <= text.length; at += 8) {
    const hi = accHi;
    const lo = accLo;
    accHi = word(text, at + 4);
    accLo = word(text, at);
    multiply(p2Hi, p2Lo);
    rotate(31);
    multiply(p1Hi, p1Lo);
    accHi ^= hi;
    accLo ^= lo;
    rotate(27);
    multiply(p1Hi, p1Lo);
    add(p4Hi, p4Lo);
  }
  if (at + 4 <= text.length) {
    const hi = accHi;
    const lo = accLo;
    accHi = 0;
    accLo = word(text, at);
    multiply(p1Hi, p1Lo);
    accHi ^= hi;
    accLo ^= lo;
    rotate(23);
    multiply(p2Hi, p2Lo);
    add(p3Hi, p3Lo);
    at += 4;
  }
  for (; at < text.length; at++) {
    const hi = accHi;
    const lo = accLo;
    accHi = 0;
    accLo = text.charCodeAt(at) & 0xff;
    multiply(p5Hi, p5Lo);
    accHi ^= hi;
    accLo ^= lo;
    rotate(11);
    multiply(p1Hi, p1Lo);
  }
}

/**
 * XXH64 of a text whose characters are bytes (latin1), as header values are.
 *
 * @param seedHi and `seedLo`: the seed, 0 unless told
 */
export function hash64(bytes: string, seedHi = 0, seedLo = 0): Hash64 {
  let at = 0;
  if (bytes.length >= 32) {
    at = blocks(bytes, seedHi | 0, seedLo | 0);
  } else {
    accHi = seedHi | 0;
    accLo = seedLo | 0;
    add(p5Hi, p5Lo);
  }
  add(0, bytes.length);
  rest(bytes, at);
  // xor with a right shift of 33, 29 and 32 bits
  accLo ^= accHi >>> 1;
  multiply(p2Hi, p2Lo);
  const hi = accHi;
  accHi ^= hi >>> 29;
  accLo ^= (hi << 3) | (accLo >>> 29);
  multiply(p3Hi, p3Lo);
  accLo ^= accHi;
  return { hi: accHi >>> 0, lo: accLo >>> 0 };
}

/** XXH64 of a text as UTF-8: keys of hosts, which may be paths of Unix sockets. */
export function hashText64(text: string, seedHi = 0, seedLo = 0): Hash64 {
  return hash64(utf8(text), seedHi, seedLo);
}

/** The UTF-8 bytes of a text, each as a character. */
function utf8(text: string): string {
  let ascii = true;
  for (let i = 0; i < text.length && ascii; i++) ascii = text.charCodeAt(i) < 0x80;
  if (ascii) return text;
  let bytes = '';
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/** Several hash policies of one route: rotl(h, 1) xor the next (DR-R35). */
export function combineHashes(before: Hash64 | undefined, next: Hash64): Hash64 {
  if (before === undefined) return next;
  return {
    hi: (((before.hi << 1) | (before.lo >>> 31)) ^ next.hi) >>> 0,
    lo: (((before.lo << 1) | (before.hi >>> 31)) ^ next.lo) >>> 0,
  };
}

/** 16 digits, lower case: the value of a hash cookie (DR-R32). */
export function hashToHex({ hi, lo }: Hash64): string {
  return hi.toString(16).padStart(8, '0') + lo.toString(16).padStart(8, '0');
}

/** Remainder of a division; exact for divisors up to 2^26. */
export function hashModulo(hi: number, lo: number, divisor: number): number {
  return ((hi % divisor) * (0x100000000 % divisor) + (lo % divisor)) % divisor;
}
