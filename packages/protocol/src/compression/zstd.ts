/**
 * zstd by `node:zlib` where it has it (Node 22.15, 23.8 and later), else by the optional package `@bokuweb/zstd-wasm`.
 *
 * The WebAssembly package needs a bound of the content's size when the frame does not tell it, and Java's frames do not;
 * the bound is read from the frame's block headers (RFC 8878, 3.1.1).
 */
import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import type { CompressionCodec } from './compression.ts'
import { plainBytes } from './plain-bytes.ts'

interface ZlibWithZstd {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array
}

interface ZstdPackage {
  init(): Promise<void>
  compress(bytes: Uint8Array, level: number): Uint8Array
  decompress(bytes: Uint8Array, options: { readonly defaultHeapSize: number }): Uint8Array
}

/** Kafka's and zstd's own default level. */
const level = 3
const blockBytesMax = 128 * 1024

/** Loads whichever is there; rejects with what `require` throws when neither is. */
export async function loadZstd(): Promise<CompressionCodec> {
  const built = builtIn()
  if (built !== null) return built
  const zstd = createRequire(import.meta.url)('@bokuweb/zstd-wasm') as ZstdPackage
  await zstd.init()
  return {
    compress: (bytes) => plainBytes(zstd.compress(bytes, level)),
    decompress: (bytes) => plainBytes(zstd.decompress(bytes, { defaultHeapSize: zstdContentBound(bytes) })),
  }
}

/** As `loadZstd`, for the built-in one only, which needs no loading. */
export function loadZstdNow(): CompressionCodec {
  const built = builtIn()
  if (built !== null) return built
  throw new Error('zstd is not loaded; await loadCodecs() first')
}

function builtIn(): CompressionCodec | null {
  const { zstdCompressSync, zstdDecompressSync } = zlib as ZlibWithZstd
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return null
  return {
    compress: (bytes) => plainBytes(zstdCompressSync(bytes)),
    decompress: (bytes) => plainBytes(zstdDecompressSync(bytes)),
  }
}

/**
 * Upper bound of the content's size of one or more zstd frames, ≥ 1.
 *
 * Shape of a frame: magic int32, descriptor byte, window byte (unless single segment), dictionary id, content size, then
 * blocks with a 3-byte header (last bit, 2 bits type, 21 bits size), then 4 bytes of checksum if announced.
 */
export function zstdContentBound(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let bound = 0
  let at = 0
  while (at + 5 <= bytes.length) {
    const magic = view.getUint32(at, true)
    if (magic >>> 4 === 0x184d2a5) {
      at += 8 + view.getUint32(at + 4, true)
      continue
    }
    if (magic !== 0xfd2fb528) throw new Error('not a zstd frame')
    const descriptor = bytes[at + 4]!
    const single = (descriptor >> 5) & 1
    const sizeFlag = descriptor >> 6
    const sizeBytes = sizeFlag === 0 ? single : 1 << sizeFlag
    at += 5 + (1 - single) + [0, 1, 2, 4][descriptor & 3]! + sizeBytes
    for (let last = 0; last === 0;) {
      const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16)
      const type = (header >> 1) & 3
      const size = header >> 3
      last = header & 1
      bound += type === 2 ? blockBytesMax : size
      at += 3 + (type === 1 ? 1 : size)
    }
    at += ((descriptor >> 2) & 1) * 4
  }
  return Math.max(bound, 1)
}
