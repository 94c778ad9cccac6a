// Goal: what somebody sees who forgot to load the codecs. Alone in its file, because loading cannot be undone.
import * as zlib from 'node:zlib'
import { expect, test } from 'vitest'
import { decompress } from './compression.ts'

test.skipIf('zstdDecompressSync' in zlib)('zstd that is not loaded says what to do (Node without zstd)', () => {
  expect(() => decompress('zstd', new Uint8Array(1))).toThrow(/await loadCodecs\(\) first.*@bokuweb\/zstd-wasm/)
})

test('snappy and lz4 are found when first needed', () => {
  expect(() => decompress('snappy', new Uint8Array(0))).toThrow(/^(?!.*not available)/)
  expect(() => decompress('lz4', new Uint8Array(0))).not.toThrow(/not available/)
})
