import { errorCode } from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { decideEnd } from './end-decision.ts'
import { Transaction, type TransactionState } from './transaction.ts'

function transaction(state: TransactionState, epoch: number): Transaction {
  const made = new Transaction({ transactionalId: 'x', producerId: 4, timeoutMs: 1000, nowMs: 0 })
  made.state = state
  made.producerEpoch = epoch
  return made
}

const decide = (
  state: TransactionState,
  at: { epoch: number; commit: boolean; bumpsEpoch: boolean },
): number | 'end' => {
  const decision = decideEnd(transaction(state, 5), {
    producerId: 4,
    producerEpoch: at.epoch,
    commit: at.commit,
    bumpsEpoch: at.bumpsEpoch,
  })
  return decision.kind === 'end' ? 'end' : decision.error
}

const { NONE, INVALID_TXN_STATE: wrongState, PRODUCER_FENCED: fenced, CONCURRENT_TRANSACTIONS: wait } = errorCode

describe('EndTxn', () => {
  it.each<[TransactionState, commit: number | 'end', abort: number | 'end']>([
    ['Empty', wrongState, wrongState],
    ['Ongoing', 'end', 'end'],
    ['PrepareCommit', wait, wait],
    ['PrepareAbort', wait, wait],
    ['CompleteCommit', NONE, wrongState],
    ['CompleteAbort', wrongState, NONE],
  ])('in V1, state %s', (state, commit, abort) => {
    expect(decide(state, { epoch: 5, commit: true, bumpsEpoch: false })).toBe(commit)
    expect(decide(state, { epoch: 5, commit: false, bumpsEpoch: false })).toBe(abort)
    expect(decide(state, { epoch: 4, commit: true, bumpsEpoch: false })).toBe(fenced)
  })

  it.each<[TransactionState, epoch: number, commit: number | 'end', abort: number | 'end']>([
    ['Empty', 5, wrongState, 'end'],
    ['Empty', 4, fenced, fenced],
    ['Ongoing', 5, 'end', 'end'],
    ['Ongoing', 4, fenced, fenced],
    ['PrepareCommit', 4, wait, wait],
    ['CompleteCommit', 4, NONE, wrongState],
    ['CompleteCommit', 5, wrongState, 'end'],
    ['CompleteCommit', 3, fenced, fenced],
    ['CompleteAbort', 4, wrongState, NONE],
    ['CompleteAbort', 5, wrongState, 'end'],
  ])('in V2, state %s at epoch 5, asked with epoch %i', (state, epoch, commit, abort) => {
    expect(decide(state, { epoch, commit: true, bumpsEpoch: true })).toBe(commit)
    expect(decide(state, { epoch, commit: false, bumpsEpoch: true })).toBe(abort)
  })

  it('in V2 knows a repeat across a change of producer id', () => {
    const rotated = transaction('CompleteCommit', 0)
    rotated.previousProducerId = 3
    const decision = decideEnd(rotated, { producerId: 3, producerEpoch: 32766, commit: true, bumpsEpoch: true })
    expect(decision).toEqual({ kind: 'answer', error: NONE })
  })

  it('of another producer is no end of this transaction', () => {
    for (const bumpsEpoch of [true, false]) {
      const decision = decideEnd(transaction('Ongoing', 5), {
        producerId: 9,
        producerEpoch: 5,
        commit: true,
        bumpsEpoch,
      })
      expect(decision).toEqual({ kind: 'answer', error: errorCode.INVALID_PRODUCER_ID_MAPPING })
    }
  })
})
