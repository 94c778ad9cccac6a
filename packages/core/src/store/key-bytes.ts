/**
 * Keys as bytes and as latin-1 text of those bytes.
 *
 * Stores keep a key as a string with one character per byte: a quarter of the memory of a Uint8Array, and `<` compares it
 * as unsigned bytes. A lookup hashes the serialized key once and compares bytes with characters, so a hit allocates
 * nothing.
 */

import { slabPiece } from '../serde/slab.ts'

const chunkMax = 4096

/** One character per byte. */
export function latin1(bytes: Uint8Array, from = 0): string {
  const end = bytes.length
  if (end - from <= chunkMax) {
    return String.fromCharCode.apply(null, (from === 0 ? bytes : bytes.subarray(from)) as unknown as number[])
  }
  let text = ''
  for (let at = from; at < end; at += chunkMax) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(at + chunkMax, end)) as unknown as number[])
  }
  return text
}

/** The bytes of a latin-1 text. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** The prefix, then the bytes of a latin-1 text: a key for the engine, in shared memory. */
export function prefixed(prefix: Uint8Array, text: string): Uint8Array {
  const at = prefix.length
  const bytes = slabPiece(at + text.length)
  for (let i = 0; i < at; i++) bytes[i] = prefix[i] as number
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  return bytes
}

/** 32-bit hash (FNV-1a, then mixed): equal for bytes and for their latin-1 text. */
export function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 | 0
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  return mixHash(hash)
}

/** As `hashBytes`, of latin-1 text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5 | 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return mixHash(hash)
}

/** The last step of both hashes. */
export function mixHash(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return mixed ^ (mixed >>> 15)
}

/** True when text and bytes are the same key. */
export function textEqualsBytes(text: string, bytes: Uint8Array): boolean {
  const length = bytes.length
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[i]) return false
  return true
}

/** True when both hold the same bytes, or both are null. */
export function bytesEqual(one: Uint8Array | null, other: Uint8Array | null): boolean {
  if (one === other) return true
  if (one === null || other === null || one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}

/** Order of unsigned bytes; a prefix comes first. */
export function compareBytes(one: Uint8Array, other: Uint8Array): number {
  const length = Math.min(one.length, other.length)
  for (let i = 0; i < length; i++) {
    const difference = (one[i] as number) - (other[i] as number)
    if (difference !== 0) return difference
  }
  return one.length - other.length
}

/** The smallest key greater than all keys with this prefix; undefined when there is none (all `ff`). */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  let end = prefix.length
  while (end > 0 && prefix[end - 1] === 0xff) end--
  if (end === 0) return undefined
  const bytes = prefix.slice(0, end)
  bytes[end - 1] = (bytes[end - 1] as number) + 1
  return bytes
}
