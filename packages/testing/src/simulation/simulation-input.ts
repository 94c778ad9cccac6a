/** Input of a simulation, typed: what a maker of records is given, and how its records become bytes. */
import { ConfigError, type Topic } from '@millrace/core'
import type { Random } from '@millrace/core/port'
import { partitionForKey } from '@millrace/protocol'
import type { SeededRandom } from './seeded-random.ts'
import type { InputRecord, MakeRecord } from './upstream.ts'

/** Where and when a record is written. */
export interface InputPlace {
  /** Default: where Kafka's partitioner puts the key; without a key one at random. */
  readonly partition?: number
  /** Event time, ms since the epoch; default: the time in the simulation. */
  readonly timestampMs?: number
}

/** What decides about the next record. */
export interface InputContext {
  /** Number of the record; never repeats in a run, with gaps where a batch had to be made anew. */
  readonly serial: number
  /** Chance that the seed repeats. */
  readonly random: Random
  /** Time in the simulation, ms since the epoch. */
  readonly nowMs: number
  readonly partitions: number
  /** The record, by a topic that the topology reads. Null as value deletes. */
  record<K, V>(this: void, topic: Topic<K, V>, key: K | null, value: V | null, place?: InputPlace): SimulationInput
}

/** A record to be written; made by `record`. */
export type SimulationInput = InputRecord

/** Makes one record. */
export type MakeInput = (context: InputContext) => SimulationInput

/** @internal */
export function inputFor(
  make: MakeInput,
  into: { readonly partitions: number; readonly inputs: readonly string[] },
): MakeRecord {
  const { partitions, inputs } = into
  return (serial, random, nowMs) => {
    const record: InputContext['record'] = (topic, key, value, place = {}) => {
      if (!inputs.includes(topic.name)) {
        const details = { option: 'input', value: `a record for "${topic.name}"`, accepted: inputs.join(', ') }
        throw new ConfigError('MR_CONFIG_INVALID', details)
      }
      const bytes = key === null ? null : topic.key.serialize(key, topic.name)
      const partition = place.partition ?? partitionOf(bytes, partitions, random)
      return {
        topic: topic.name,
        partition,
        key: bytes,
        value: value === null ? null : topic.value.serialize(value, topic.name),
        timestampMs: place.timestampMs ?? nowMs,
      }
    }
    return make({ serial, random, nowMs, partitions, record })
  }
}

function partitionOf(key: Uint8Array | null, partitions: number, random: SeededRandom): number {
  return key === null ? random.between(0, partitions - 1) : partitionForKey(key, partitions)
}
