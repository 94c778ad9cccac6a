// Goal: envelopes outside of what the wire vectors show: old forms, damaged bytes, long inputs.
import { describe, expect, test } from 'vitest'
import { noHeaders } from '../../record/headers.ts'
import { decodeBufferValue, encodeBufferValue } from './buffer-value.ts'
import { decodeChange, encodeChange } from './change.ts'
import { decodeCommitMetadata, encodeCommitMetadata } from './commit-metadata.ts'
import {
  combinedKeyPrefix,
  decodeCombinedKey,
  decodeSubscription,
  decodeSubscriptionResponse,
  encodeCombinedKey,
  encodeSubscription,
} from './foreign-key.ts'
import { decodeHeaders, decodeValueTimestampHeaders, encodeHeaders, encodeValueTimestampHeaders } from './headers.ts'
import { decodeJoinBufferKey } from './join-buffer.ts'
import { hash128 } from './murmur3.ts'
import { decodePosition, encodePosition } from './position.ts'
import { encodeValueAndTimestamp, plainValueOf, timestampOf } from './value-and-timestamp.ts'
import { decodeSegmentVersions, encodeSegmentVersions, segmentSpan } from './versioned-value.ts'
import { decodePrefixedWindowKey, decodeSessionKey, decodeWindowKey, encodeTimeFirstWindowKey } from './window-key.ts'

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.of(...values)

const code = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'no error'
}

describe('change', () => {
  test.each([
    ['old, not latest', bytes(7, 0, 3), { newValue: null, oldValue: bytes(7), isLatest: false }],
    ['new, not latest', bytes(7, 0, 4), { newValue: bytes(7), oldValue: null, isLatest: false }],
    ['both, latest', bytes(2, 7, 8, 1, 5), { newValue: bytes(7), oldValue: bytes(8), isLatest: true }],
  ])('is read in the form that tells the latest (%s)', (_what, encoded, wanted) => {
    expect(decodeChange(encoded)).toEqual(wanted)
  })

  test('is refused without values, without a flag, with an unknown one, or cut short', () => {
    expect(code(() => encodeChange(null, null))).toBe('MR_SERDE_FORMAT')
    for (const wrong of [bytes(), bytes(6), bytes(3), bytes(8, 1, 2)]) {
      expect(code(() => decodeChange(wrong))).toBe('MR_SERDE_FORMAT')
    }
  })

  test('keeps two long values apart', () => {
    const [newValue, oldValue] = [new Uint8Array(9000).fill(1), new Uint8Array(5).fill(2)]
    expect(decodeChange(encodeChange(newValue, oldValue))).toEqual({ newValue, oldValue, isLatest: true })
  })
})

describe('timestamped value', () => {
  test('may be empty, but not shorter than its timestamp', () => {
    const encoded = encodeValueAndTimestamp(bytes(), 5)
    expect([timestampOf(encoded), plainValueOf(encoded)]).toEqual([5, bytes()])
    expect(code(() => timestampOf(bytes(1, 2)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => plainValueOf(bytes(1, 2)))).toBe('MR_SERDE_FORMAT')
  })

  test('with headers keeps null values and many bytes', () => {
    const headers = [
      { key: 'é', value: null },
      { key: 'k'.repeat(200), value: new Uint8Array(300) },
    ]
    const stored = { value: bytes(1), timestampMs: -1, headers }
    expect(decodeValueTimestampHeaders(encodeValueTimestampHeaders(stored))).toEqual(stored)
    const encoded = encodeHeaders(headers)
    for (let size = 1; size < encoded.length; size++) {
      expect(code(() => decodeHeaders(encoded.subarray(0, size)))).toBe('MR_SERDE_FORMAT')
    }
    expect(decodeHeaders(bytes())).toBe(noHeaders)
  })
})

describe('foreign-key join', () => {
  const subscription = {
    version: 1,
    instruction: 'propagate-only-if-fk-val-available',
    hash: hash128(bytes(1)),
    primaryKey: bytes(4, 5),
    primaryPartition: 300,
  } as const

  test('refuses a subscription that is cut short or of an unknown kind', () => {
    const encoded = encodeSubscription(subscription)
    expect(decodeSubscription(encoded)).toEqual(subscription)
    expect(code(() => decodeSubscription(encoded.subarray(0, 20)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => decodeSubscription(bytes(2, 0)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => decodeSubscription(bytes(0x80, 9)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => encodeSubscription({ ...subscription, primaryPartition: null }))).toBe('MR_SERDE_FORMAT')
    expect(code(() => decodeSubscriptionResponse(bytes(0, 1, 2)))).toBe('MR_SERDE_FORMAT')
  })

  test('finds the keys of a foreign key by their prefix', () => {
    const key = encodeCombinedKey(bytes(1, 2), bytes(3))
    expect(key.subarray(0, 6)).toEqual(combinedKeyPrefix(bytes(1, 2)))
    expect(decodeCombinedKey(key)).toEqual({ foreignKey: bytes(1, 2), primaryKey: bytes(3) })
    expect(code(() => decodeCombinedKey(bytes(0, 0, 0, 9, 1)))).toBe('MR_SERDE_FORMAT')
  })

  test('hashes as the definition says, for every length', () => {
    for (let size = 0; size < 100; size++) {
      const input = Uint8Array.from({ length: size }, (_, i) => (i * 151 + size * 7) & 255)
      expect(Buffer.from(hash128(input)).toString('hex'), `${size} bytes`).toBe(slowHash128(input))
    }
  })
})

describe('window key', () => {
  test('is read in either order, and refused when too short', () => {
    expect(decodePrefixedWindowKey(encodeTimeFirstWindowKey(bytes(9), 77, 3))).toEqual({
      key: bytes(9),
      startMs: 77,
      seqnum: 3,
    })
    expect(code(() => decodePrefixedWindowKey(new Uint8Array(13).fill(2)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => decodePrefixedWindowKey(new Uint8Array(12)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => decodeWindowKey(new Uint8Array(11)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => decodeSessionKey(new Uint8Array(15)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => decodeJoinBufferKey(new Uint8Array(8)))).toBe('MR_SERDE_FORMAT')
  })
})

describe('suppress buffer', () => {
  const context = { timestampMs: 1, offset: -1, topic: 't', partition: 0, headers: [{ key: 'h', value: null }] }

  test('writes an old value that equals the prior one once', () => {
    const value = { context, priorValue: bytes(1, 2), oldValue: bytes(1, 2), newValue: null }
    const encoded = encodeBufferValue(value)
    expect(decodeBufferValue(encoded)).toEqual(value)
    const other = encodeBufferValue({ ...value, oldValue: bytes(1, 3) })
    expect(other.length - encoded.length).toBe(2)
  })

  test('is refused when cut short', () => {
    const encoded = encodeBufferValue({ context, priorValue: null, oldValue: bytes(1), newValue: bytes(2) })
    for (let size = 0; size < encoded.length; size++) {
      expect(code(() => decodeBufferValue(encoded.subarray(0, size)))).toBe('MR_SERDE_FORMAT')
    }
  })
})

describe('commit metadata', () => {
  const nothing = { partitionTimeMs: -1, processors: new Map() }

  test.each(['', 'x', '!!!!', 'AAAA', 'A'.repeat(16), 'Ag==', '{"json": true}', 'AgAAAAAAAAAAAAAA/w=='])(
    'that somebody else wrote says nothing (%s)',
    (text) => {
      expect(decodeCommitMetadata(text)).toEqual(nothing)
    },
  )

  test('of version 1 tells the time only', () => {
    expect(decodeCommitMetadata('AQAAAAAAAAAF')).toEqual({ partitionTimeMs: 5, processors: new Map() })
  })

  test('keeps names and times of several processors', () => {
    const processors = new Map([
      ['KSTREAM-AGGREGATE-0000000002', 1_700_000_000_000],
      ['é', -1],
    ])
    const metadata = { partitionTimeMs: 1_700_000_000_123, processors }
    const text = encodeCommitMetadata(metadata)
    expect(decodeCommitMetadata(text)).toEqual(metadata)
    expect(Buffer.from(text, 'base64').toString('base64')).toBe(text)
  })
})

describe('position', () => {
  test('keeps several topics and refuses an unknown version or absurd counts', () => {
    const position = new Map([
      ['a', new Map([[0, 5]])],
      ['b', new Map()],
    ])
    expect(decodePosition(encodePosition(position))).toEqual(position)
    expect(code(() => decodePosition(bytes(1, 0, 0, 0, 0)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => decodePosition(bytes(0, 0x7f, 0xff, 0xff, 0xff)))).toBe('MR_SERDE_FORMAT')
  })
})

describe('versions of a segment', () => {
  test('may be one tombstone that begins and ends at once', () => {
    const row = encodeSegmentVersions([{ validFromMs: 5, validToMs: 5, value: null }])
    expect(segmentSpan(row)).toEqual({ nextMs: 5, minMs: 5 })
    expect(decodeSegmentVersions(row)).toEqual([{ validFromMs: 5, validToMs: 5, value: null }])
  })

  test('are refused when there is none, or when the row is damaged', () => {
    expect(code(() => encodeSegmentVersions([]))).toBe('MR_SERDE_FORMAT')
    const row = encodeSegmentVersions([
      { validFromMs: 9, validToMs: 12, value: bytes(1, 2) },
      { validFromMs: 5, validToMs: 9, value: bytes(3) },
    ])
    row[27] = 0xff
    expect(code(() => decodeSegmentVersions(row))).toBe('MR_SERDE_FORMAT')
    expect(code(() => decodeSegmentVersions(new Uint8Array(15)))).toBe('MR_SERDE_FORMAT')
    expect(code(() => segmentSpan(new Uint8Array(15)))).toBe('MR_SERDE_FORMAT')
  })
})

/** Murmur3 x64 128 with Kafka's mixing, by BigInt. */
function slowHash128(input: Uint8Array): string {
  const mask = (1n << 64n) - 1n
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & mask
  const [c1, c2] = [0x87c37b91114253d5n, 0x4cf5ad432745937fn]
  const first = (k: bigint): bigint => (rotate((k * c1) & mask, 31n) * c2) & mask
  const second = (k: bigint): bigint => (rotate((k * c2) & mask, 33n) * c1) & mask
  const scramble = (h: bigint): bigint => {
    h = ((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn) & mask
    h = ((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n) & mask
    return h ^ (h >> 33n)
  }
  const little = (part: Uint8Array): bigint => part.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  let [h1, h2] = [104_729n, 104_729n]
  const whole = input.length & ~15
  for (let at = 0; at < whole; at += 16) {
    h1 = (rotate(h1 ^ first(little(input.subarray(at, at + 8))), 27n) + h2) & mask
    h1 = (h1 * 5n + 0x52dce729n) & mask
    h2 = (rotate(h2 ^ second(little(input.subarray(at + 8, at + 16))), 31n) + h1) & mask
    h2 = (h2 * 5n + 0x38495ab5n) & mask
  }
  h2 ^= second(little(input.subarray(whole + 8)))
  h1 ^= first(little(input.subarray(whole, whole + 8)))
  h1 ^= BigInt(input.length)
  h2 ^= BigInt(input.length)
  h1 = (h1 + h2) & mask
  h2 = (h2 + h1) & mask
  h1 = scramble(h1)
  h2 = scramble(h2)
  h1 = (h1 + h2) & mask
  h2 = (h2 + h1) & mask
  return h1.toString(16).padStart(16, '0') + h2.toString(16).padStart(16, '0')
}
