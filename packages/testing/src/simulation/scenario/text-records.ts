/** Records of all partitions of a topic, and their texts. */
import { committedLog, type LoggedRecord } from '../committed-log.ts'
import type { Plan } from '../plan.ts'
import type { MakeRecord } from '../upstream.ts'
import type { World } from '../world.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const bytes = (value: string): Uint8Array => encoder.encode(value)
export const text = (value: Uint8Array | null): string => (value === null ? 'null' : decoder.decode(value))

/** Committed records of every partition, partition by partition. */
export function records(world: World, topic: string, plan: Plan): { partition: number; record: LoggedRecord }[] {
  return Array.from({ length: plan.partitions }, (_, partition) =>
    (committedLog(world.cluster.state, topic, partition)?.records ?? []).map((record) => ({ partition, record })),
  ).flat()
}

/** Committed records by key, each key's in the order of its partition. */
export function byKey(world: World, topic: string, plan: Plan): Map<string, LoggedRecord[]> {
  const found = new Map<string, LoggedRecord[]>()
  for (const { record } of records(world, topic, plan)) {
    const key = text(record.key)
    const list = found.get(key)
    if (list === undefined) found.set(key, [record])
    else list.push(record)
  }
  return found
}

/** A long as int64() writes it. */
export function long(value: Uint8Array | null): number {
  if (value === null) return Number.NaN
  return Number(new DataView(value.buffer, value.byteOffset, value.length).getBigInt64(0))
}

/**
 * Input of scenarios that need nothing special: values `v0`, `v1`, … under six keys, spread over the partitions. The partition
 * does not depend on the key, so one key comes in several of them: only for topologies that do not count on its order, or
 * partition anew.
 */
export const numbered =
  (plan: Plan): MakeRecord =>
  (serial, random, nowMs) => ({
    topic: 'input',
    partition: random.between(0, plan.partitions - 1),
    key: bytes(`k${random.between(0, 5)}`),
    value: bytes(`v${serial}`),
    timestampMs: nowMs,
  })
