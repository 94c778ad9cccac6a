// Goal: the codec outside of what the wire vectors show: defaults, refusals, damaged bytes. Method: literal frames, and
// random bodies of every API and version from a printed seed.
import { describe, expect, test } from 'vitest'
import {
  decodeMessage,
  decodeReceivedRequest,
  decodeReceivedResponse,
  decodeRequest,
  decodeResponse,
  encodeMessage,
  encodeRequest,
  encodeResponse,
  encodeSentRequest,
  encodeSentResponse,
  hasResponseTags,
  isFlexible,
} from './api.ts'
import { apiByKey, apiVersions, apis, fetch, heartbeat, metadata, offsetFetch, produce } from './apis.ts'
import { type FieldSchema, hasVersion } from './schema.ts'

const seed = Number(process.env['SEED'] ?? 20_261_121)

const code = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'no error'
}

describe('encoding', () => {
  test('gives a missing field its default', () => {
    const bytes = encodeRequest(fetch, 12, { maxWaitMs: 1, minBytes: 2 })
    const body = decodeRequest(fetch, 12, bytes)
    expect(body).toMatchObject({ maxBytes: 0x7fffffff, sessionEpoch: -1, clusterId: null, rackId: '', topics: [] })
  })

  test('refuses a field that the version lacks and that changes the meaning', () => {
    expect(code(() => encodeRequest(offsetFetch, 5, { groupId: 'g', requireStable: true }))).toBe('MR_PROTOCOL_ENCODE')
  })

  test('leaves out an ignorable field that the version lacks', () => {
    const bytes = encodeRequest(fetch, 4, { rackId: 'r', maxWaitMs: 1 })
    expect(decodeRequest(fetch, 4, bytes).rackId).toBe('')
  })

  test('takes a decoded body of another version as it is', () => {
    const body = decodeRequest(offsetFetch, 5, encodeRequest(offsetFetch, 5, { groupId: 'g', topics: null }))
    expect(() => encodeRequest(offsetFetch, 5, body)).not.toThrow()
  })

  test('names the field in a refusal', () => {
    const wrong = { groupId: null } as unknown as { groupId: string }
    expect(() => encodeRequest(heartbeat, 4, wrong)).toThrow(/HeartbeatRequest version 4.*"groupId".*got null/)
    expect(() => encodeRequest(heartbeat, 4, { generationId: 1n as unknown as number })).toThrow(/"generationId"/)
  })

  test('refuses a version the API does not have', () => {
    expect(code(() => encodeRequest(fetch, 3, {}))).toBe('MR_PROTOCOL_VERSION')
    expect(code(() => decodeResponse(fetch, 99, new Uint8Array(9)))).toBe('MR_PROTOCOL_VERSION')
  })

  test('is not spoilt by an encoding that failed before', () => {
    expect(code(() => encodeRequest(heartbeat, 0, { groupId: 'long text', memberId: 5 as unknown as string }))).toBe(
      'MR_PROTOCOL_ENCODE',
    )
    expect(encodeRequest(heartbeat, 0, {})).toEqual(new Uint8Array(8))
  })

  test.each([0, 1, 125, 126, 127, 128, 16_381, 16_382, 16_383, 16_384, 70_000])('keeps texts of %d bytes', (size) => {
    const groupId = 'ä'.repeat(size >> 1) + 'x'.repeat(size & 1)
    if (size < 32_768) {
      expect(decodeRequest(heartbeat, 0, encodeRequest(heartbeat, 0, { groupId })).groupId).toBe(groupId)
    }
    expect(decodeRequest(heartbeat, 4, encodeRequest(heartbeat, 4, { groupId })).groupId).toBe(groupId)
  })

  test('gives every message memory of its own, large ones too', () => {
    const records = new Uint8Array(300_000).fill(7)
    const body = { topicData: [{ name: 't', partitionData: [{ index: 0, records }] }] }
    const first = encodeRequest(produce, 9, body)
    const copy = first.slice()
    encodeRequest(produce, 9, { topicData: [{ name: 'u', partitionData: [{ index: 1, records: records.fill(9) }] }] })
    expect(first).toEqual(copy)
    expect(decodeRequest(produce, 9, first).topicData[0]?.partitionData[0]?.records?.[0]).toBe(7)
  })
})

describe('decoding', () => {
  test('hands out records as a view, not a copy', () => {
    const bytes = encodeRequest(produce, 9, {
      topicData: [{ name: 't', partitionData: [{ index: 0, records: Uint8Array.of(1, 2, 3) }] }],
    })
    const records = decodeRequest(produce, 9, bytes).topicData[0]?.partitionData[0]?.records
    expect(records).toEqual(Uint8Array.of(1, 2, 3))
    expect(records?.buffer).toBe(bytes.buffer)
    expect(Object.getPrototypeOf(records)).toBe(Uint8Array.prototype)
  })

  test('begins at an offset', () => {
    const bytes = Uint8Array.of(9, 9, ...encodeRequest(heartbeat, 0, { groupId: 'g', memberId: 'm' }))
    expect(decodeRequest(heartbeat, 0, bytes, 2)).toMatchObject({ groupId: 'g', memberId: 'm' })
  })

  test('refuses a count that the bytes cannot hold, before making room for it', () => {
    const bytes = Uint8Array.of(0x7f, 0xff, 0xff, 0xff)
    expect(() => decodeRequest(metadata, 0, bytes)).toThrow(/array of 2147483647 in 0 bytes/)
  })

  test('refuses every message that is cut short', () => {
    const next = seededNumbers(seed)
    for (const api of apis) {
      for (const version of [api.minVersion, api.maxVersion]) {
        const bytes = encodeResponse(api, version, randomBody(api.response.fields, version, next))
        for (let size = 0; size < bytes.length; size += 1 + (size >> 3)) {
          const cut = bytes.subarray(0, size)
          expect(
            code(() => decodeResponse(api, version, cut)),
            `${api.name} ${version} seed ${seed}`,
          ).toBe('MR_PROTOCOL_DECODE')
        }
      }
    }
  })

  test('never fails with anything but its own error on random bytes', () => {
    const next = seededNumbers(seed + 1)
    for (let i = 0; i < 3000; i++) {
      const api = apis[next() % apis.length]!
      const bytes = Uint8Array.from({ length: next() % 60 }, () => (next() % 3 === 0 ? next() & 255 : next() % 3))
      const result = code(() => decodeResponse(api, api.maxVersion, bytes))
      expect(['no error', 'MR_PROTOCOL_DECODE'], `seed ${seed + 1}`).toContain(result)
    }
  })
})

describe('every API', () => {
  test(`reads what it writes, in every version (seed ${seed})`, () => {
    const next = seededNumbers(seed + 2)
    for (const api of apis) {
      expect(apiByKey(api.key)).toBe(api)
      for (let version = api.minVersion; version <= api.maxVersion; version++) {
        for (const schema of [api.request, api.response]) {
          const bytes = encodeMessage(schema, version, randomBody(schema.fields, version, next))
          const again = encodeMessage(schema, version, decodeMessage(schema, version, bytes) as object)
          expect(again, `${schema.name} ${version}`).toEqual(bytes)
        }
      }
    }
  })

  test('puts the header tag buffer where the transport wants it', () => {
    for (const api of apis) {
      for (let version = api.minVersion; version <= api.maxVersion; version++) {
        const request = encodeSentRequest(api, version, {})
        const response = encodeSentResponse(api, version, {})
        expect(request.length - encodeRequest(api, version, {}).length).toBe(isFlexible(api, version) ? 1 : 0)
        expect(response.length - encodeResponse(api, version, {}).length).toBe(hasResponseTags(api, version) ? 1 : 0)
        expect(() => decodeReceivedRequest(api, version, request)).not.toThrow()
        expect(() => decodeReceivedResponse(api, version, response)).not.toThrow()
      }
    }
  })

  test('has no response tags in ApiVersions, whatever the version', () => {
    expect([0, 3, 5].map((version) => hasResponseTags(apiVersions, version))).toEqual([false, false, false])
    expect(isFlexible(apiVersions, 3)).toBe(true)
  })
})

/** Numbers 0 … 2^32 − 1 (xorshift32). */
function seededNumbers(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** A body with every field of the version; arrays of 0–2 elements, now and then a null. */
function randomBody(fields: readonly FieldSchema[], version: number, next: () => number): object {
  const body: Record<string, unknown> = {}
  for (const [name, type, versions, options] of fields) {
    if (!hasVersion(versions, version)) continue
    const nullable = options?.nullable !== undefined && hasVersion(options.nullable, version)
    if (nullable && next() % 4 === 0) body[name] = null
    else if (typeof type === 'string') body[name] = randomValue(type, next)
    else if ('struct' in type) body[name] = randomBody(type.struct, version, next)
    else body[name] = Array.from({ length: next() % 3 }, () => randomBody(type.arrayOf, version, next))
  }
  return body
}

function randomValue(type: string, next: () => number): unknown {
  if (type.startsWith('[]')) return Array.from({ length: next() % 3 }, () => randomValue(type.slice(2), next))
  const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, () => next() & 255)
  switch (type) {
    case 'bool':
      return next() % 2 === 0
    case 'int8':
      return (next() << 24) >> 24
    case 'int16':
      return (next() << 16) >> 16
    case 'uint16':
      return next() & 0xffff
    case 'int32':
      return next() | 0
    case 'uint32':
      return next()
    case 'int64':
      return BigInt.asIntN(64, (BigInt(next()) << 32n) | BigInt(next()))
    case 'float64':
      return next() / 7
    case 'string':
      return String.fromCharCode(...Array.from({ length: next() % 200 }, () => 32 + (next() % 700)))
    case 'uuid':
      return Buffer.from(bytes(16)).toString('base64url')
    default:
      return bytes(next() % 300)
  }
}
