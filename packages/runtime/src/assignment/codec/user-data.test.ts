// Goal: user data at its edges; the plain layouts of versions 1–11 are shown by the wire vectors.
import { describe, expect, test } from 'vitest'
import { type AssignmentInfo, decodeAssignmentInfo, encodeAssignmentInfo } from './assignment-info.ts'
import {
  decodeSubscriptionInfo,
  encodeSubscriptionInfo,
  runningActive,
  type SubscriptionInfo,
  unknownOffsetSum,
} from './subscription-info.ts'

const subscription: SubscriptionInfo = {
  version: 11,
  latestSupportedVersion: 11,
  processId: 'c57ef874-3a6c-883e-5bfd-9e293d968d30',
  userEndPoint: 'häuser:80',
  taskOffsetSums: [
    { task: { subTopology: 0, partition: 3 }, offsetSum: runningActive },
    { task: { subTopology: 1, partition: 0 }, offsetSum: 2 ** 40 },
  ],
  uniqueField: -128,
  errorCode: 1,
  clientTags: new Map([['zone', 'Å']]),
}

const assignment: AssignmentInfo = {
  version: 11,
  commonlySupportedVersion: 11,
  activeTasks: [{ subTopology: 2, partition: 1 }],
  standbyTasks: [{ task: { subTopology: 0, partition: 1 }, partitions: [{ topic: 'c', partition: 1 }] }],
  partitionsByHost: [
    {
      host: { host: 'h', port: 1 },
      partitions: [
        { topic: '😀\0é', partition: 0 },
        { topic: 'b', partition: 7 },
      ],
    },
  ],
  standbyPartitionsByHost: [{ host: { host: 'i', port: 2 }, partitions: [{ topic: 'b', partition: 8 }] }],
  errorCode: 4,
  nextRebalanceMs: 1_700_000_000_000,
}

const code = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'no error'
}

describe('subscription info', () => {
  test('keeps everything in the newest version', () => {
    expect(decodeSubscriptionInfo(encodeSubscriptionInfo(subscription))).toEqual(subscription)
  })

  test('of an old version tells running and other tasks only', () => {
    expect(decodeSubscriptionInfo(encodeSubscriptionInfo({ ...subscription, version: 6 }))).toEqual({
      ...subscription,
      version: 6,
      taskOffsetSums: [
        { task: { subTopology: 0, partition: 3 }, offsetSum: runningActive },
        { task: { subTopology: 1, partition: 0 }, offsetSum: unknownOffsetSum },
      ],
      uniqueField: 0,
      errorCode: 0,
      clientTags: new Map(),
    })
  })

  test('is the same whatever the order of the tasks', () => {
    const turned = { ...subscription, taskOffsetSums: subscription.taskOffsetSums.toReversed() }
    for (let version = 1; version <= 11; version++) {
      expect(encodeSubscriptionInfo({ ...turned, version })).toEqual(
        encodeSubscriptionInfo({ ...subscription, version }),
      )
    }
  })

  test('of a future version tells its two versions (version probing)', () => {
    const future = Uint8Array.of(0, 0, 0, 13, 0, 0, 0, 14, 1, 2, 3)
    expect(decodeSubscriptionInfo(future)).toMatchObject({
      version: 13,
      latestSupportedVersion: 14,
      taskOffsetSums: [],
    })
  })

  test('that is cut short or none of ours is refused', () => {
    const encoded = encodeSubscriptionInfo(subscription)
    for (let size = 0; size < encoded.length; size++) {
      expect(code(() => decodeSubscriptionInfo(encoded.subarray(0, size)))).toBe('MR_PROTOCOL_DECODE')
    }
    expect(code(() => decodeSubscriptionInfo(new Uint8Array(40)))).toBe('MR_PROTOCOL_DECODE')
  })
})

describe('assignment info', () => {
  test('keeps everything in the newest version, also topics beyond ASCII', () => {
    expect(decodeAssignmentInfo(encodeAssignmentInfo(assignment))).toEqual(assignment)
  })

  test.each([
    [1, { partitionsByHost: [], standbyPartitionsByHost: [], errorCode: 0, commonlySupportedVersion: -1 }],
    [3, { partitionsByHost: assignment.partitionsByHost, errorCode: 0, commonlySupportedVersion: 11 }],
    [5, { partitionsByHost: assignment.partitionsByHost, standbyPartitionsByHost: [], errorCode: 4 }],
    [6, { standbyPartitionsByHost: assignment.standbyPartitionsByHost, nextRebalanceMs: Infinity }],
  ])('of version %d has what that version has', (version, wanted) => {
    expect(decodeAssignmentInfo(encodeAssignmentInfo({ ...assignment, version }))).toMatchObject(wanted)
  })

  test('without a next rebalance says Infinity', () => {
    const never = { ...assignment, nextRebalanceMs: Infinity }
    expect(decodeAssignmentInfo(encodeAssignmentInfo(never))).toEqual(never)
  })

  test('that is cut short or of an unknown version is refused', () => {
    const encoded = encodeAssignmentInfo(assignment)
    for (let size = 0; size < encoded.length; size++) {
      expect(code(() => decodeAssignmentInfo(encoded.subarray(0, size)))).toBe('MR_PROTOCOL_DECODE')
    }
    expect(code(() => decodeAssignmentInfo(Uint8Array.of(0, 0, 0, 12, 0)))).toBe('MR_PROTOCOL_DECODE')
  })
})
