/**
 * snappy by the optional package `snappy`, in the framing of xerial's SnappyOutputStream, which Kafka's Java clients
 * write and demand. librdkafka and others write one raw block instead: both are read, xerial's is written.
 *
 * Shape: `82 "SNAPPY" 00`, version int32, compatible version int32, then per chunk its size int32 and a raw snappy
 * block of at most 32 KiB of content.
 */
import { createRequire } from 'node:module'
import type { CompressionCodec } from './compression.ts'
import { plainBytes } from './plain-bytes.ts'

interface SnappyPackage {
  compressSync(bytes: Uint8Array): Uint8Array
  uncompressSync(bytes: Uint8Array, options: { readonly asBuffer: true }): Uint8Array
}

const magic: readonly number[] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]
const headerBytes = 16
const chunkBytes = 32 * 1024

/** Loads the package; throws what `require` throws when it is not installed. */
export function loadSnappy(): CompressionCodec {
  const snappy = createRequire(import.meta.url)('snappy') as SnappyPackage
  return {
    compress: (bytes) => writeFramed(snappy, bytes),
    decompress: (bytes) =>
      isFramed(bytes) ? readFramed(snappy, bytes) : plainBytes(snappy.uncompressSync(bytes, { asBuffer: true })),
  }
}

function isFramed(bytes: Uint8Array): boolean {
  return bytes.length >= headerBytes && magic.every((byte, i) => bytes[i] === byte)
}

function readFramed(snappy: SnappyPackage, bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const chunks: Uint8Array[] = []
  let size = 0
  for (let at = headerBytes; at < bytes.length;) {
    const length = view.getInt32(at)
    at += 4
    if (length < 0 || length > bytes.length - at)
      throw new Error(`snappy chunk of ${length} bytes at ${at} is cut short`)
    const chunk = snappy.uncompressSync(bytes.subarray(at, at + length), { asBuffer: true })
    chunks.push(chunk)
    size += chunk.length
    at += length
  }
  if (chunks.length === 1) return plainBytes(chunks[0]!)
  return concatenate(chunks, size)
}

function writeFramed(snappy: SnappyPackage, bytes: Uint8Array): Uint8Array {
  const header = new Uint8Array(headerBytes)
  header.set(magic)
  header[11] = 1
  header[15] = 1
  const parts: Uint8Array[] = [header]
  let size = headerBytes
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const block = snappy.compressSync(bytes.subarray(at, at + chunkBytes))
    const length = new Uint8Array(4)
    new DataView(length.buffer).setInt32(0, block.length)
    parts.push(length, block)
    size += 4 + block.length
  }
  return concatenate(parts, size)
}

function concatenate(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
