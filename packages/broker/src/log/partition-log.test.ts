import { readdirSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@millrace/core/port'
import { errorCode } from '@millrace/protocol/internal'
import { afterAll, describe, expect, it } from 'vitest'
import { append, batch, contents, mark, settings } from '../../test/batches.ts'
import { VirtualSurroundings } from '../../test/virtual-surroundings.ts'
import { FileStorage } from '../storage/file-storage.ts'
import type { LogStorage } from '../storage/log-storage.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { PartitionLog } from './partition-log.ts'
import { openLog } from './recovery.ts'

const directories: string[] = []
const inDirectory = (): LogStorage => {
  const directory = mkdtempSync(join(tmpdir(), 'log-'))
  directories.push(directory)
  return new FileStorage(directory)
}
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const reopened = (log: PartitionLog, startOffset = log.startOffset): PartitionLog =>
  openLog(log.name, log.storage, {
    files: log.storage.list().filter((name) => name.startsWith(`${log.name}/`)),
    startOffset,
  })

const small = { ...settings, segmentBytes: 400 }
const stores: [string, () => LogStorage][] = [
  ['memory', () => new MemoryStorage()],
  ['a directory', inDirectory],
]

describe.each(stores)('a log in %s', (_, storage) => {
  it('gives back what was appended, at consecutive offsets', () => {
    const log = new PartitionLog('t-0', storage())
    append(
      log,
      batch([
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ]),
    )
    const second = append(log, batch([{ key: 'c', value: null }], { compression: 'gzip' }))
    expect(second).toMatchObject({ baseOffset: 2, lastOffset: 2 })
    expect(contents(log)).toEqual(['0:a=1', '1:b=2', '2:c=null'])
  })

  it('leaves the bytes of the caller as they were', () => {
    const log = new PartitionLog('t-0', storage())
    append(log, batch([{ key: 'a', value: '1' }]))
    const records = batch([{ key: 'b', value: '2' }])
    const before = records.slice()
    append(log, records, { settings: { ...settings, appendTime: true } })
    expect(records).toEqual(before)
  })

  it('rolls over into segments and reads across them', () => {
    const log = new PartitionLog('t-0', storage())
    for (let i = 0; i < 40; i++) append(log, batch([{ key: `k${i}`, value: 'v' }]), { settings: small })
    expect(log.segments.length).toBeGreaterThan(5)
    expect(contents(log)).toEqual(Array.from({ length: 40 }, (_line, i) => `${i}:k${i}=v`))
  })

  it('is the same when it is opened again', () => {
    const log = new PartitionLog('t-0', storage())
    for (let i = 0; i < 9; i++)
      append(log, batch([{ key: `k${i}`, value: 'v' }], { producerId: 7, sequence: i }), { settings: small })
    append(log, batch([{ key: 'x', value: 'open' }], { producerId: 8, sequence: 0, transactional: true }))
    append(log, batch([{ key: 'y', value: 'gone' }], { producerId: 9, sequence: 0, transactional: true }))
    mark(log, { producerId: 9, commit: false })
    const again = reopened(log)
    expect(contents(again)).toEqual(contents(log))
    expect(again.endOffset).toBe(log.endOffset)
    expect(again.lastStableOffset).toBe(9)
    expect(again.abortedWithin(0, 100)).toEqual([{ producerId: 9, firstOffset: 10, lastOffset: 11 }])
    expect(again.producers.get(7)).toEqual(log.producers.get(7))
    expect(append(again, batch([{ key: 'k8', value: 'v' }], { producerId: 7, sequence: 8 }))).toMatchObject({
      baseOffset: 8,
      repeated: true,
    })
  })

  it.each([1, 30, 60, 61, 70])('cuts off a tail of which only %i bytes were written', (length) => {
    const log = new PartitionLog('t-0', storage())
    append(log, batch([{ key: 'a', value: '1' }]))
    log.active.file.append(batch([{ key: 'torn', value: 'tail' }]).subarray(0, length))
    const again = reopened(log)
    expect(contents(again)).toEqual(['0:a=1'])
    expect(append(again, batch([{ key: 'b', value: '2' }]))).toMatchObject({ baseOffset: 1 })
    expect(contents(reopened(again))).toEqual(['0:a=1', '1:b=2'])
  })

  it('cuts off a damaged last batch, and says so', () => {
    const log = new PartitionLog('t-0', storage())
    append(log, batch([{ key: 'a', value: '1' }]))
    const damaged = batch([{ key: 'b', value: '2' }])
    damaged[7] = 1
    damaged[damaged.length - 2]! ^= 255
    log.active.file.append(damaged)
    const said: unknown[] = []
    const logger = { ...silentLogger, warn: (_: string, fields: unknown) => void said.push(fields) }
    const files = [log.active.file.name]
    expect(contents(openLog('t-0', log.storage, { files, startOffset: 0, logger }))).toEqual(['0:a=1'])
    expect(said).toEqual([{ log: 't-0', offset: 1, file: files[0], bytes: damaged.length }])
  })

  it('refuses damage with segments behind it, and keeps them', () => {
    const log = new PartitionLog('t-0', storage())
    for (let i = 0; i < 12; i++) append(log, batch([{ key: `k${i}`, value: 'v' }]), { settings: small })
    const [first] = log.segments
    if (first === undefined || log.segments.length < 3) throw new Error('the log has too few segments')
    first.file.truncate(first.file.size - 10)
    const files = log.storage.list()
    expect(() => reopened(log)).toThrow(expect.objectContaining({ code: 'MR_BROKER_DAMAGED' }))
    expect(log.storage.list()).toEqual(files)
  })

  it.each([10, 16, 40, 65])('refuses damage of byte %i of a batch with a whole one behind it', (byte) => {
    const log = new PartitionLog('t-0', storage())
    append(log, batch([{ key: 'a', value: '1' }]))
    const damaged = batch([{ key: 'b', value: '2' }])
    damaged[7] = 1
    damaged[byte]! ^= 0x41
    log.active.file.append(damaged)
    const follower = batch([{ key: 'c', value: '3' }])
    follower[7] = 2
    log.active.file.append(follower)
    const { size, name } = log.active.file
    const position = size - follower.length - damaged.length
    const details = { file: name, position, reason: expect.stringContaining('a whole one follows') }
    expect(() => reopened(log)).toThrow(expect.objectContaining({ code: 'MR_BROKER_DAMAGED', details }))
    expect(log.storage.open(name).size).toBe(size)
  })

  it('raises its start, and remembers it when told on opening', () => {
    const log = new PartitionLog('t-0', storage())
    for (let i = 0; i < 5; i++) append(log, batch([{ key: `k${i}`, value: 'v' }]))
    log.raiseStart(3)
    expect(contents(log)).toEqual(['3:k3=v', '4:k4=v'])
    expect(contents(reopened(log, 3))).toEqual(['3:k3=v', '4:k4=v'])
  })

  it('removes its files when it is destroyed', () => {
    const store = storage()
    const log = new PartitionLog('t-0', store)
    for (let i = 0; i < 9; i++) append(log, batch([{ key: `k${i}`, value: 'v' }]), { settings: small })
    log.destroy()
    expect(store.list()).toEqual([])
  })

  it('reads from every offset what a list of records says (seeds 1 to 20)', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new VirtualSurroundings(0, seed)
      const pick = (below: number): number => Math.floor(random.next() * below)
      const log = new PartitionLog(`t-${seed}`, storage())
      const model: string[] = []
      for (let i = 0; i < 60; i++) {
        const entries = Array.from({ length: 1 + pick(5) }, (_e, j) => ({
          key: `${i}.${j}`,
          value: 'x'.repeat(pick(200)),
        }))
        for (const { key, value } of entries) model.push(`${model.length}:${key}=${value}`)
        append(log, batch(entries), { settings: { ...settings, segmentBytes: 2000 } })
      }
      const { startOffset } = log
      for (let offset = 0; offset < model.length; offset += 1 + pick(3)) {
        log.startOffset = offset
        expect(contents(log), `seed ${seed}, offset ${offset}`).toEqual(model.slice(offset))
      }
      log.startOffset = startOffset
    }
  })
})

describe('reading', () => {
  it('never passes the offset it is bounded by', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    for (let i = 0; i < 4; i++) append(log, batch([{ key: `k${i}`, value: 'v' }]))
    const one = batch([{ key: 'k0', value: 'v' }]).length
    const read = (upTo: number): number =>
      log.read({ offset: 1, upTo, bytesMax: 1 << 20, wholeFirstBatch: true }).bytes.length
    expect([1, 2, 3, 4, 9].map(read)).toEqual([0, one, 2 * one, 3 * one, 3 * one])
  })

  it('leaves a first batch alone that does not fit, unless it is to be whole', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([{ key: 'k', value: 'v' }]))
    const range = { offset: 0, upTo: 1, bytesMax: 10 }
    expect(log.read({ ...range, wholeFirstBatch: false }).bytes.length).toBe(0)
    expect(log.read({ ...range, wholeFirstBatch: true }).bytes.length).toBeGreaterThan(60)
  })
})

describe('transactions in a log', () => {
  it('keep the last stable offset at the first open one', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([{ key: 'a', value: '1' }]))
    append(log, batch([{ key: 'b', value: '2' }], { producerId: 1, sequence: 0, transactional: true }))
    append(log, batch([{ key: 'c', value: '3' }], { producerId: 2, sequence: 0, transactional: true }))
    expect(log.lastStableOffset).toBe(1)
    mark(log, { producerId: 1, commit: true })
    expect(log.lastStableOffset).toBe(2)
    mark(log, { producerId: 2, commit: false })
    expect(log.lastStableOffset).toBe(5)
  })

  it('refuse a marker of an older epoch than the data', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([{ key: 'b', value: '2' }], { producerId: 1, epoch: 3, sequence: 0, transactional: true }))
    const marker = { producerId: 1, producerEpoch: 2, commit: true, coordinatorEpoch: 0 }
    const answer = log.appendMarker(marker, { nowMs: 0, leaderEpoch: 0, settings, strictStart: false })
    expect(answer).toMatchObject({ error: errorCode.INVALID_PRODUCER_EPOCH })
    expect(log.lastStableOffset).toBe(0)
  })

  it('refuse a batch outside of the open one', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([{ key: 'b', value: '2' }], { producerId: 1, sequence: 0, transactional: true }))
    const answer = append(log, batch([{ key: 'b', value: '2' }], { producerId: 1, sequence: 1 }))
    expect(answer).toMatchObject({ error: errorCode.INVALID_TXN_STATE })
  })
})

it('a directory holds one folder per partition and one file per segment', () => {
  const directory = mkdtempSync(join(tmpdir(), 'log-'))
  directories.push(directory)
  const log = new PartitionLog('orders-3', new FileStorage(directory))
  append(log, batch([{ key: 'a', value: '1' }]))
  expect(readdirSync(join(directory, 'orders-3'))).toEqual(['00000000000000000000.log'])
})
