/**
 * Compression of record batches: Kafka's five codecs behind two synchronous functions.
 *
 * gzip comes with Node. snappy, lz4 and (before Node 22.15) zstd are optional packages, looked for when first needed, so
 * that nobody pays for what no topic uses. zstd on older Nodes is WebAssembly and has to be loaded once beforehand:
 * `await loadCodecs()` at start makes every codec that is installed ready.
 */
import { ConfigError, FatalError } from '@millrace/core'
import { gzipCodec } from './gzip.ts'
import { loadLz4 } from './lz4.ts'
import { loadSnappy } from './snappy.ts'
import { loadZstd, loadZstdNow } from './zstd.ts'

/** Kafka's codec names. */
export type CompressionName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Names by the number in a batch's attributes. */
export const compressionNames: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** One codec; both functions return bytes of their own. */
export interface CompressionCodec {
  compress(bytes: Uint8Array): Uint8Array
  decompress(bytes: Uint8Array): Uint8Array
}

const packages: Readonly<Record<CompressionName, string>> = {
  none: 'nothing',
  gzip: 'nothing',
  snappy: 'snappy',
  lz4: 'lz4-napi',
  zstd: '@bokuweb/zstd-wasm',
}
const loaded = new Map<CompressionName, CompressionCodec>([['gzip', gzipCodec]])

/**
 * Makes ready every codec whose package is installed. Call it once before batches may be compressed with zstd; later
 * calls do nothing.
 *
 * @throws {MR_PROTOCOL_COMPRESSION} (ConfigError) one of `required` cannot be loaded
 */
export async function loadCodecs(required: readonly CompressionName[] = []): Promise<void> {
  for (const name of compressionNames) {
    if (name === 'none' || loaded.has(name)) continue
    try {
      loaded.set(name, name === 'zstd' ? await loadZstd() : loadNow(name))
    } catch (cause) {
      if (required.includes(name)) throw new ConfigError('MR_PROTOCOL_COMPRESSION', unavailable(name, cause), { cause })
    }
  }
}

/** Compresses the records of a batch. @throws {MR_PROTOCOL_COMPRESSION} (FatalError) the codec is not there */
export function compress(name: CompressionName, bytes: Uint8Array): Uint8Array {
  return name === 'none' ? bytes : codec(name).compress(bytes)
}

/**
 * Decompresses the records of a batch.
 *
 * @throws {MR_PROTOCOL_COMPRESSION} (FatalError) the codec is not there
 * @throws {Error} of the codec's package when the bytes are damaged
 */
export function decompress(name: CompressionName, bytes: Uint8Array): Uint8Array {
  return name === 'none' ? bytes : codec(name).decompress(bytes)
}

function codec(name: CompressionName): CompressionCodec {
  const known = loaded.get(name)
  if (known !== undefined) return known
  try {
    const found = loadNow(name)
    loaded.set(name, found)
    return found
  } catch (cause) {
    throw new FatalError('MR_PROTOCOL_COMPRESSION', unavailable(name, cause), { cause })
  }
}

function loadNow(name: CompressionName): CompressionCodec {
  if (name === 'snappy') return loadSnappy()
  if (name === 'lz4') return loadLz4()
  return loadZstdNow()
}

function unavailable(name: CompressionName, cause: unknown): { codec: string; packageName: string; reason: string } {
  const text = cause instanceof Error ? cause.message.split('\n', 1)[0]! : String(cause)
  return { codec: name, packageName: packages[name], reason: text }
}
