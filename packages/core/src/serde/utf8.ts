/**
 * UTF-8 as Java does it, so that bytes and text equal those of Kafka's StringSerializer also where text is broken: a lone
 * surrogate is written as `?`, and malformed bytes are read as U+FFFD, as many as Java gives.
 *
 * Short ASCII, the common case, never leaves this file: a call into TextEncoder costs more than the loop. Longer text is
 * encoded into a scratch buffer and copied to the slab: TextEncoder.encode makes a buffer each time, which costs five times
 * as much.
 */
import { slabCopy } from './slab.ts'

const encodedByHandMax = 48
const decodedByHandMax = 16
const scratch = new Uint8Array(48 * 1024)
const fromCodes = String.fromCharCode
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const replacement = '\ufffd'
const questionMark = 0x3f
const surrogate = /[\ud800-\udfff]/

/** UTF-8 of a text; may be a piece of a larger buffer. */
export function encodeUtf8(text: string): Uint8Array {
  const length = text.length
  if (length > encodedByHandMax) return encodeLong(text)
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return encodeByUnit(text)
    bytes[i] = unit
  }
  return bytes
}

/** Text of UTF-8 bytes. A byte order mark is kept. */
export function decodeUtf8(bytes: Uint8Array): string {
  const length = bytes.length
  if (length <= decodedByHandMax) {
    let all = 0
    for (let i = 0; i < length; i++) all |= bytes[i] as number
    if (all <= 0x7f) return decodeShort(bytes, length)
  }
  const text = decoder.decode(bytes)
  return text.includes(replacement) ? decodeByByte(bytes) : text
}

/** One call for all characters: adding one at a time makes as many strings. */
function decodeShort(bytes: Uint8Array, length: number): string {
  if (length <= 8) return decodePart(bytes, 0, length)
  if (length < 16) return decodePart(bytes, 0, 8) + decodePart(bytes, 8, length - 8)
  // prettier-ignore
  return fromCodes(
    bytes[0]!, bytes[1]!, bytes[2]!, bytes[3]!, bytes[4]!, bytes[5]!, bytes[6]!, bytes[7]!,
    bytes[8]!, bytes[9]!, bytes[10]!, bytes[11]!, bytes[12]!, bytes[13]!, bytes[14]!, bytes[15]!,
  )
}

/** Up to eight characters. */
function decodePart(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 0:
      return ''
    case 1:
      return fromCodes(b[i]!)
    case 2:
      return fromCodes(b[i]!, b[i + 1]!)
    case 3:
      return fromCodes(b[i]!, b[i + 1]!, b[i + 2]!)
    case 4:
      return fromCodes(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!)
    case 5:
      return fromCodes(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!)
    case 6:
      return fromCodes(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!)
    case 7:
      return fromCodes(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!)
    default:
      return fromCodes(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!)
  }
}

function encodeLong(text: string): Uint8Array {
  const { length } = text
  if (length * 3 > scratch.length) return surrogate.test(text) ? encodeByUnit(text) : encoder.encode(text)
  const { written } = encoder.encodeInto(text, scratch)
  // As many bytes as characters: all ASCII, so nothing can have been broken.
  return written !== length && surrogate.test(text) ? encodeByUnit(text) : slabCopy(scratch, written)
}

function encodeByUnit(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3)
  let at = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes[at++] = unit
    else if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6)
      bytes[at++] = 0x80 | (unit & 0x3f)
    } else if (unit < 0xd800 || unit > 0xdfff) {
      bytes[at++] = 0xe0 | (unit >> 12)
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f)
      bytes[at++] = 0x80 | (unit & 0x3f)
    } else {
      const point = text.codePointAt(i) as number
      if (point < 0x10000) {
        bytes[at++] = questionMark
        continue
      }
      i++
      bytes[at++] = 0xf0 | (point >> 18)
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f)
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f)
      bytes[at++] = 0x80 | (point & 0x3f)
    }
  }
  return bytes.slice(0, at)
}

/** Only for text that holds U+FFFD: reads well-formed sequences and replaces the rest, one stretch at a time. */
function decodeByByte(bytes: Uint8Array): string {
  let text = ''
  let i = 0
  while (i < bytes.length) {
    const taken = sequenceLength(bytes, i)
    if (taken > 0) {
      text += String.fromCodePoint(codePoint(bytes, i, taken))
      i += taken
    } else {
      text += replacement
      i -= taken
    }
  }
  return text
}

function codePoint(bytes: Uint8Array, at: number, length: number): number {
  let point = bytes[at] as number
  if (length === 1) return point
  point &= 0xff >> (length + 1)
  for (let i = 1; i < length; i++) point = (point << 6) | ((bytes[at + i] as number) & 0x3f)
  return point
}

/** Length of the well-formed sequence at this place; if it is malformed, minus the bytes that one U+FFFD stands for. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return -1
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return -i
    if ((byte & 0xc0) !== 0x80 || (i === 1 && !secondAllowed(first, byte))) return -i
  }
  if (first === 0xed && (bytes[at + 1] as number) > 0x9f) return -3
  return length
}

/** Overlong forms and points above U+10FFFF are found at the second byte; encoded surrogates only as a whole. */
function secondAllowed(first: number, second: number): boolean {
  if (first === 0xe0) return second >= 0xa0
  if (first === 0xf0) return second >= 0x90
  if (first === 0xf4) return second <= 0x8f
  return true
}
