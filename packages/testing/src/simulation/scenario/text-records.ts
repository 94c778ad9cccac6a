/** Records of all partitions of a topic, and their texts. */
import { committedLog, type LoggedRecord } from '../committed-log.ts'
import type { Plan } from '../plan.ts'
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

/** A long as int64() writes it. */
export function long(value: Uint8Array | null): number {
  if (value === null) return Number.NaN
  return Number(new DataView(value.buffer, value.byteOffset, value.length).getBigInt64(0))
}
