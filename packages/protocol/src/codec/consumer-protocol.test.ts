import { describe, expect, test } from 'vitest'
import {
  decodeMemberAssignment,
  decodeMemberSubscription,
  encodeMemberAssignment,
  encodeMemberSubscription,
} from './consumer-protocol.ts'

const subscription = {
  topics: ['b', 'a'],
  userData: Uint8Array.of(1),
  ownedPartitions: [
    { topic: 'b', partition: 1 },
    { topic: 'a', partition: 2 },
    { topic: 'b', partition: 0 },
  ],
  generationId: 4,
  rackId: 'r',
}

describe('subscription', () => {
  test('is sorted by topic and partition', () => {
    const decoded = decodeMemberSubscription(encodeMemberSubscription(3, subscription))
    expect(decoded).toEqual({
      ...subscription,
      topics: ['a', 'b'],
      ownedPartitions: [
        { topic: 'a', partition: 2 },
        { topic: 'b', partition: 0 },
        { topic: 'b', partition: 1 },
      ],
    })
  })

  test('of version 0 tells topics and user data only', () => {
    expect(decodeMemberSubscription(encodeMemberSubscription(0, subscription))).toEqual({
      topics: ['a', 'b'],
      userData: Uint8Array.of(1),
      ownedPartitions: [],
      generationId: -1,
      rackId: null,
    })
  })

  test('of a newer version is read as the newest known, whatever follows', () => {
    const bytes = Uint8Array.of(...encodeMemberSubscription(3, subscription), 1, 2, 3)
    bytes[1] = 9
    expect(decodeMemberSubscription(bytes)).toMatchObject({ generationId: 4, rackId: 'r' })
  })
})

describe('assignment', () => {
  test('of no bytes is empty', () => {
    expect(decodeMemberAssignment(new Uint8Array(0))).toEqual({ partitions: [], userData: null })
  })

  test('keeps the order of topics', () => {
    const partitions = [
      { topic: 'z', partition: 3 },
      { topic: 'a', partition: 0 },
    ]
    expect(decodeMemberAssignment(encodeMemberAssignment(2, { partitions, userData: null })).partitions).toEqual(
      partitions,
    )
  })
})
