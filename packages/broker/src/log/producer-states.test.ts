import { errorCode } from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { append, batch } from '../../test/batches.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { PartitionLog } from './partition-log.ts'

const fresh = (): PartitionLog => new PartitionLog('t-0', new MemoryStorage())
const write = (log: PartitionLog, sequence: number, count = 1, epoch = 0): unknown => {
  const entries = Array.from({ length: count }, () => ({ key: 'k', value: 'v' }))
  return append(log, batch(entries, { producerId: 1, epoch, sequence }))
}

describe('sequences of a producer', () => {
  it('may begin anywhere with a producer that is not known (its records may have expired)', () => {
    expect(write(fresh(), 17)).toMatchObject({ baseOffset: 0 })
  })

  it('are remembered for the last five batches', () => {
    const log = fresh()
    for (let i = 0; i < 6; i++) write(log, i * 2, 2)
    expect(write(log, 2, 2)).toMatchObject({ baseOffset: 2, repeated: true })
    expect(write(log, 0, 2)).toMatchObject({ error: errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER })
    expect(log.endOffset).toBe(12)
  })

  it('do not take a batch of another size for a repeat', () => {
    const log = fresh()
    write(log, 0, 3)
    expect(write(log, 0, 2)).toMatchObject({ error: errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER })
  })

  it('wrap from 2147483647 to 0', () => {
    const log = fresh()
    write(log, 2147483646, 2)
    expect(write(log, 0)).toMatchObject({ baseOffset: 2 })
    const other = fresh()
    write(other, 2147483647, 3)
    expect(other.producers.get(1)?.batches[0]?.lastSequence).toBe(1)
    expect(write(other, 2)).toMatchObject({ baseOffset: 3 })
  })

  it('begin at 0 with each new epoch', () => {
    const log = fresh()
    write(log, 0)
    expect(write(log, 1, 1, 1)).toMatchObject({ error: errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER })
    expect(write(log, 0, 1, 1)).toMatchObject({ baseOffset: 1 })
    expect(write(log, 1, 1, 0)).toMatchObject({ error: errorCode.INVALID_PRODUCER_EPOCH })
  })

  it('are forgotten when the producer has been idle, not while its transaction is open', () => {
    const log = fresh()
    write(log, 0)
    append(log, batch([{ key: 'k', value: 'v' }], { producerId: 2, sequence: 0, transactional: true }))
    log.producers.expire(1_000_000)
    expect([...log.producers.all()].map((state) => state.producerId)).toEqual([2])
  })
})
