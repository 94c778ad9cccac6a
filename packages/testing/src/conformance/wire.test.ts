// Goal: every byte that Kafka's own classes wrote is read and written alike. Method: all wire vectors, and vectors made
// wrong on purpose, which must fail.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { prepareWire, runWireDocument } from './wire.ts'

const folder = fileURLToPath(new URL('../../../../test/conformance/wire/', import.meta.url))
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.json'))
  .toSorted()

beforeAll(prepareWire)

describe('wire vectors', () => {
  test.each(files)('%s agrees with Kafka', (name) => {
    const result = runWireDocument(name, JSON.parse(readFileSync(folder + name, 'utf8')))
    expect(result.failures).toEqual([])
  })

  test('are all there', () => {
    let passed = 0
    for (const name of files) passed += runWireDocument(name, JSON.parse(readFileSync(folder + name, 'utf8'))).passed
    expect(passed).toBe(3283)
  })
})

describe('wire runner', () => {
  const heartbeat = {
    api: 'Heartbeat',
    version: 0,
    type: 'request',
    json: { groupId: 'g', generationId: 1, memberId: 'm' },
    hex: '00016700000001' + '00016d',
  }

  test.each([
    ['a message that decodes to something else', { ...heartbeat, json: { ...heartbeat.json, groupId: 'h' } }],
    ['a message of an unknown version', { ...heartbeat, version: 99 }],
    ['a message with a field the schema lacks', { ...heartbeat, json: { ...heartbeat.json, extra: 1 } }],
    ['a partition that is wrong', { key: '3231', murmur2: -973932308, partition: { 8: 5 } }],
    ['a checksum that is wrong', { hex: '00', crc32c: 1 }],
    ['a varint that is wrong', { value: '1', varlong: '04' }],
    ['a serde that is not known', { serde: 'Nonsense', input: {}, hex: '' }],
    ['a serde with other bytes', { serde: 'Long', input: { value: '1' }, hex: '0000000000000002' }],
    ['a vector of no known kind', { colour: 'blue' }],
    ['a vector that is no object', 7],
  ])('fails %s', (_what, vector) => {
    const result = runWireDocument('test', vector)
    expect(result.passed).toBe(0)
    expect(result.failures).toHaveLength(1)
  })

  test('passes the message it fails when changed', () => {
    expect(runWireDocument('test', heartbeat)).toEqual({ passed: 1, failures: [] })
  })
})
