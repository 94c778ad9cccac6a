/** Every built-in serde: Kafka's bytes both ways, and what it refuses. Literal bytes are those of Kafka's serializers. */
import { describe, expect, it } from 'vitest'
import type { StreamsError } from '../errors.ts'
import { bigint64 } from './bigint64.ts'
import { boolean } from './boolean.ts'
import { bytes } from './bytes.ts'
import { double } from './double.ts'
import { float } from './float.ts'
import { int16 } from './int16.ts'
import { int32 } from './int32.ts'
import { int64 } from './int64.ts'
import { json } from './json.ts'
import { jsonSchema } from './json-schema.ts'
import { list } from './list.ts'
import { nullable } from './nullable.ts'
import type { Serde } from './serde.ts'
import { type StandardSchema, toKeySerde, toSerde } from './standard-schema.ts'
import { kept } from './slab.ts'
import { string } from './string.ts'
import { uuid } from './uuid.ts'
import { sessionWindowed, timeWindowed } from './windowed.ts'

const hex = (view: Uint8Array): string => Buffer.from(view).toString('hex')
const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as StreamsError).code
  }
  return 'none'
}

describe('bytes of Kafka', () => {
  const id = 'a8eeba81-0ad4-107c-2820-9046c2fd1ce6'
  const window = { startMs: 1, endMs: 98231 }
  const cases: [Serde<never>, unknown, string][] = [
    [string() as never, '', ''],
    [string() as never, 'Straße', '53747261c39f65'],
    [string() as never, '日本語', 'e697a5e69cace8aa9e'],
    [string() as never, '😀 astral', 'f09f98802061737472616c'],
    [string() as never, 'line\nbreak\0nul', '6c696e650a627265616b006e756c'],
    [string() as never, `long ${'é'.repeat(60)}`, `6c6f6e6720${'c3a9'.repeat(60)}`],
    [bytes() as never, fromHex('6b00ff'), '6b00ff'],
    [int16() as never, -1, 'ffff'],
    [int16() as never, 255, '00ff'],
    [int16() as never, -32768, '8000'],
    [int32() as never, 256, '00000100'],
    [int32() as never, -1, 'ffffffff'],
    [int32() as never, -2147483648, '80000000'],
    [int64() as never, 1700000000000, '0000018bcfe56800'],
    [int64() as never, -1, 'ffffffffffffffff'],
    [int64() as never, -4294967296, 'ffffffff00000000'],
    [int64() as never, -4294967297, 'fffffffeffffffff'],
    [int64() as never, Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
    [int64() as never, Number.MIN_SAFE_INTEGER, 'ffe0000000000001'],
    [bigint64() as never, 9223372036854775807n, '7fffffffffffffff'],
    [bigint64() as never, -9223372036854775808n, '8000000000000000'],
    [float() as never, -1.5, 'bfc00000'],
    [float() as never, Number.NaN, '7fc00000'],
    [double() as never, 3.141592653589793, '400921fb54442d18'],
    [double() as never, 5e-324, '0000000000000001'],
    [double() as never, -0, '8000000000000000'],
    [boolean() as never, true, '01'],
    [boolean() as never, false, '00'],
    [uuid() as never, id, hex(Buffer.from(id))],
    [json() as never, { b: 1, a: ['x'] }, hex(Buffer.from('{"b":1,"a":["x"]}'))],
    [list(int64()) as never, [], '000000000000000000'],
    [list(int64()) as never, [1, 2], '00000000000000000200000000000000010000000000000002'],
    [list(nullable(int64())) as never, [null, 5, null], '00000000020000000000000002000000030000000000000005'],
    [list(string()) as never, [], '0100000000'],
    [list(nullable(string())) as never, ['x', null, '日本'], '01000000030000000178ffffffff00000006e697a5e69cac'],
    [timeWindowed(string(), 98230) as never, { key: 'k', window }, '6b0000000000000001'],
    [sessionWindowed(string()) as never, { key: '', window }, '0000000000017fb70000000000000001'],
    [nullable(string()) as never, 'a', '61'],
  ]
  it.each(cases)('writes and reads them (case %#)', (serde, value, expected) => {
    expect(hex(serde.serialize(value as never))).toBe(expected)
    expect(serde.deserialize(fromHex(expected))).toEqual(value)
  })
})

describe('serdes', () => {
  it('write a lone surrogate as a question mark, as Java does', () => {
    expect(hex(string().serialize('a\ud83d'))).toBe('613f')
    expect(hex(string().serialize(`${'a'.repeat(60)}\ude00`))).toBe(`${'61'.repeat(60)}3f`)
  })

  it.each([
    ['c3', '\ufffd'],
    ['61ff62', 'a\ufffdb'],
    ['eda080', '\ufffd'],
    ['eda041', '\ufffdA'],
    ['e08080', '\ufffd\ufffd\ufffd'],
    ['f0908061', '\ufffda'],
    ['f08080', '\ufffd\ufffd\ufffd'],
    ['c080', '\ufffd\ufffd'],
    ['f5808080', '\ufffd\ufffd\ufffd\ufffd'],
    ['efbbbf61', '\ufeffa'],
    ['efbfbd', '\ufffd'],
  ])('read broken UTF-8 as Java does (%s)', (bad, text) => {
    expect(string().deserialize(fromHex(bad))).toBe(text)
  })

  it('agree with the platform on every well-formed text (seed 7)', () => {
    let seed = 7
    const next = (limit: number): number => (seed = (seed * 48271) % 2147483647) % limit
    for (let round = 0; round < 500; round++) {
      const points = Array.from({ length: next(80) }, () => [next(0x80), next(0x800), 0x10000 + next(0x10000)][next(3)])
      const text = String.fromCodePoint(...(points as number[]))
      const encoded = string().serialize(text)
      expect(hex(encoded)).toBe(hex(Buffer.from(text)))
      expect(string().deserialize(encoded)).toBe(text)
    }
  })

  it('hand out bytes as the view they were given', () => {
    const view = fromHex('0102').subarray(0, 1)
    expect(bytes().deserialize(view)).toBe(view)
  })

  it('give texts of one shared buffer each their own bytes, whatever their length', () => {
    const texts = Array.from({ length: 3_000 }, (_, i) => `${i} ${'x'.repeat(i % 200)}`)
    const encoded = texts.map((text) => string().serialize(text))
    expect(encoded.map((one) => string().deserialize(one))).toEqual(texts)
    const long = 'é'.repeat(100_000)
    expect(string().deserialize(string().serialize(long))).toBe(long)
  })

  it('are copied when kept, if they are a small part of a larger buffer', () => {
    const own = fromHex('0102')
    expect(kept(own)).toBe(own)
    const part = new Uint8Array(10_000).subarray(0, 100)
    expect(kept(part).buffer.byteLength).toBe(100)
    const small = new Uint8Array(10_000).subarray(8, 10)
    expect(kept(small).buffer.byteLength).toBe(2)
    const whole = new Uint8Array(10_000)
    expect(kept(whole)).toBe(whole)
    expect(kept(string().serialize('a'.repeat(100))).buffer.byteLength).toBe(100)
  })

  it.each([
    ['a number as string', () => string().serialize(1 as never), 'MR_SERDE_TYPE'],
    ['a text as int64', () => int64().serialize('1' as never), 'MR_SERDE_TYPE'],
    ['a fraction as int64', () => int64().serialize(0.5), 'MR_SERDE_RANGE'],
    ['an unsafe int64', () => int64().serialize(2 ** 53), 'MR_SERDE_RANGE'],
    ['unsafe int64 bytes', () => int64().deserialize(fromHex('7fffffffffffffff')), 'MR_SERDE_RANGE'],
    ['2^31 as int32', () => int32().serialize(2 ** 31), 'MR_SERDE_RANGE'],
    ['2^15 as int16', () => int16().serialize(2 ** 15), 'MR_SERDE_RANGE'],
    ['2^63 as bigint64', () => bigint64().serialize(2n ** 63n), 'MR_SERDE_RANGE'],
    ['a short int64', () => int64().deserialize(fromHex('00')), 'MR_SERDE_LENGTH'],
    ['a long boolean', () => boolean().deserialize(fromHex('0100')), 'MR_SERDE_LENGTH'],
    ['the boolean 2', () => boolean().deserialize(fromHex('02')), 'MR_SERDE_FORMAT'],
    ['text that is no UUID', () => uuid().deserialize(fromHex('61')), 'MR_SERDE_FORMAT'],
    ['bytes that are no JSON', () => json().deserialize(fromHex('7b')), 'MR_SERDE_FORMAT'],
    ['a function as JSON', () => json().serialize(() => 1), 'MR_SERDE_TYPE'],
    ['a bigint as JSON', () => json().serialize(1n), 'MR_SERDE_FORMAT'],
    ['null in a list', () => list(string()).serialize([null as never]), 'MR_SERDE_TYPE'],
    ['a list that promises too much', () => list(string()).deserialize(fromHex('017fffffff')), 'MR_SERDE_FORMAT'],
    ['a plain key as windowed', () => timeWindowed(string(), 1).serialize('k' as never), 'MR_SERDE_TYPE'],
    ['a short windowed key', () => sessionWindowed(string()).deserialize(fromHex('00')), 'MR_SERDE_FORMAT'],
  ])('refuse %s', (_what, run, code) => {
    expect(codeOf(run)).toBe(code)
  })
})

describe('keys as JSON', () => {
  it('are equal bytes when they are equal, whatever the order of their names', () => {
    const keys = toKeySerde(json())
    expect(keys.serialize({ b: { y: 1, x: 2 }, a: 1 })).toEqual(keys.serialize({ a: 1, b: { x: 2, y: 1 } }))
    expect(hex(toKeySerde(nullable(json())).serialize({ b: 1, a: 2 }))).toBe(hex(Buffer.from('{"a":2,"b":1}')))
  })

  it('keep a name that looks like a prototype', () => {
    const keys = toKeySerde(json())
    expect(hex(keys.serialize(JSON.parse('{"__proto__":1}')))).toBe(hex(Buffer.from('{"__proto__":1}')))
  })
})

describe('validators', () => {
  type Order = { id: string }
  const schema = (answer: (value: unknown) => unknown): StandardSchema<unknown, Order> => ({
    '~standard': { version: 1, vendor: 'test', validate: answer as never },
  })
  const strict = schema((value) =>
    typeof (value as Order).id === 'string' ? { value } : { issues: [{ message: 'a string is needed', path: ['id'] }] },
  )

  it('check values on both ways', () => {
    const serde = toSerde(strict)
    expect(serde.deserialize(serde.serialize({ id: 'x' }))).toEqual({ id: 'x' })
    expect(() => serde.serialize({} as Order)).toThrow('id: a string is needed')
    expect(() => serde.deserialize(fromHex('7b7d'))).toThrow('id: a string is needed')
  })

  it('are refused when they are asynchronous', () => {
    const serde = toSerde(schema((value) => Promise.resolve({ value })))
    expect(codeOf(() => serde.serialize({ id: 'x' }))).toBe('MR_SERDE_ASYNC')
  })

  it('are compiled from a JSON Schema on first use, once', () => {
    let compiled = 0
    const ajv = {
      compile: () => {
        compiled++
        return Object.assign((value: unknown) => typeof (value as Order).id === 'string', {
          errors: [{ instancePath: '/id', message: 'must be string' }],
        })
      },
    }
    const serde = jsonSchema<Order>({ type: 'object' }, { ajv: () => ajv })
    expect(compiled).toBe(0)
    expect(serde.deserialize(serde.serialize({ id: 'x' }))).toEqual({ id: 'x' })
    expect(() => serde.serialize({ id: 1 } as never)).toThrow('/id must be string')
    expect(compiled).toBe(1)
  })
})
