import { describe, expect, test } from 'vitest'
import { apiVersions, heartbeat } from './apis.ts'
import { decodeRequestHeader, decodeResponseHeader, encodeRequestHeader, encodeResponseHeader } from './header.ts'

const from = { correlationId: 7, clientId: 'cé' }

describe('request header', () => {
  test.each([
    ['v1 in a classic version', heartbeat, 3, 13],
    ['v2 in a flexible version', heartbeat, 4, 14],
    ['v2 for ApiVersions too', apiVersions, 3, 14],
  ])('is %s', (_what, api, version, size) => {
    const bytes = encodeRequestHeader(api, version, from)
    const expected = { apiKey: api.key, version, ...from, bodyOffset: size }
    expect(decodeRequestHeader(bytes)).toEqual(expected)
    expect(bytes).toHaveLength(size)
  })

  test('keeps a null client id and begins at an offset', () => {
    const bytes = encodeRequestHeader(heartbeat, 0, { correlationId: -1, clientId: null })
    const decoded = decodeRequestHeader(Uint8Array.of(1, 2, ...bytes), 2)
    expect(decoded).toEqual({ apiKey: 12, version: 0, correlationId: -1, clientId: null, bodyOffset: 12 })
  })

  test('of an unknown API is read as v1', () => {
    const bytes = Uint8Array.of(0x7f, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff)
    expect(decodeRequestHeader(bytes)).toMatchObject({ apiKey: 0x7f00, version: 1, bodyOffset: 10 })
  })

  test('that is cut short is a RangeError', () => {
    expect(() => decodeRequestHeader(encodeRequestHeader(heartbeat, 4, from).subarray(0, 9))).toThrow(RangeError)
  })
})

describe('response header', () => {
  test('has tags in flexible versions, except for ApiVersions', () => {
    expect(encodeResponseHeader(heartbeat, 3, 5)).toHaveLength(4)
    expect(encodeResponseHeader(heartbeat, 4, 5)).toHaveLength(5)
    expect(encodeResponseHeader(apiVersions, 3, 5)).toHaveLength(4)
    expect(decodeResponseHeader(heartbeat, 4, Uint8Array.of(0, 0, 0, 5, 1, 9, 2, 1, 1))).toEqual({
      correlationId: 5,
      bodyOffset: 9,
    })
  })
})
