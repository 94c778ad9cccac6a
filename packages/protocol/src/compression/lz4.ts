/** lz4 frames by the optional package `lz4-napi`. */
import { Buffer } from 'node:buffer'
import { createRequire } from 'node:module'
import type { CompressionCodec } from './compression.ts'
import { plainBytes } from './plain-bytes.ts'

interface Lz4Package {
  compressFrameSync(bytes: Buffer): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
}

/** Loads the package; throws what `require` throws when it is not installed. */
export function loadLz4(): CompressionCodec {
  const lz4 = createRequire(import.meta.url)('lz4-napi') as Lz4Package
  return {
    compress: (bytes) => plainBytes(lz4.compressFrameSync(asBuffer(bytes))),
    decompress: (bytes) => plainBytes(lz4.decompressFrameSync(asBuffer(bytes))),
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
