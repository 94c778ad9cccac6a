/**
 * Memory for serialized values: small pieces of one large buffer.
 *
 * A buffer of its own costs about a microsecond for every value above 64 bytes, which V8 does not keep on its heap, and
 * the garbage collector pays again; handing a smaller value to native code (LevelDB) gives it one too. Serialized values
 * live until the record batch or the engine has copied them, so they share one. Who keeps bytes for longer takes them
 * through `kept`, or a few bytes would hold a whole slab or fetched batch in memory.
 */

const slabBytes = 64 * 1024
/** Pieces never begin at 0, where `kept` takes small bytes for an array of their own. */
const firstAt = 8
/** Typed arrays up to this size lie on V8's heap; asking for their buffer would make one. */
const onHeapMax = 64

let slab = new Uint8Array(slabBytes)
let at = firstAt

/** Room for `length` bytes, not cleared, in shared memory. */
export function slabPiece(length: number): Uint8Array {
  if (length > slabBytes / 4) return new Uint8Array(length)
  if (at + length > slabBytes) {
    slab = new Uint8Array(slabBytes)
    at = firstAt
  }
  const piece = new Uint8Array(slab.buffer, at, length)
  at += length
  return piece
}

/** A copy of the first `length` bytes, in shared memory. */
export function slabCopy(source: Uint8Array, length: number): Uint8Array {
  const piece = slabPiece(length)
  piece.set(length === source.length ? source : source.subarray(0, length))
  return piece
}

/** The same bytes for a store to keep: a copy if they are a small part of a larger buffer. */
export function kept(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  if (bytes.byteOffset === 0 && length <= onHeapMax) return bytes
  return bytes.buffer.byteLength > 2 * length + onHeapMax ? bytes.slice() : bytes
}
