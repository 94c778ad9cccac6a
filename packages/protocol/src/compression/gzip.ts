/** gzip by `node:zlib`. */
import { gunzipSync, gzipSync } from 'node:zlib'
import type { CompressionCodec } from './compression.ts'
import { plainBytes } from './plain-bytes.ts'

export const gzipCodec: CompressionCodec = {
  compress: (bytes) => plainBytes(gzipSync(bytes)),
  decompress: (bytes) => plainBytes(gunzipSync(bytes)),
}
