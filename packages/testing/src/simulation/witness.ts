/**
 * Who made an output record, and of what: headers that each output carries in a simulation, so that the checker can follow
 * every record of the output back to its input.
 */
import type { Headers } from '@millrace/core'
import type { LoggedRecord } from './committed-log.ts'

/** What one output record says of its making. */
export interface Witness {
  readonly task: string
  /** Generation of the group under which it was made. */
  readonly generation: number
  /** Life of the process. */
  readonly instance: string
  readonly input: { readonly topic: string; readonly partition: number; readonly offset: number }
  /** Its place among the outputs of this input. */
  readonly index: number
}

const name = 'witness'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The headers of an output record. */
export function witness(of: Witness): Headers {
  const { task, generation, instance, input, index } = of
  const text = [task, generation, instance, input.topic, input.partition, input.offset, index].join(' ')
  return [{ key: name, value: encoder.encode(text) }]
}

/** The witness of a record; undefined when it carries none. */
export function witnessOf(record: Pick<LoggedRecord, 'headers'>): Witness | undefined {
  const value = record.headers.findLast((header) => header.key === name)?.value
  if (value === undefined || value === null) return undefined
  const [task = '', generation, instance = '', topic = '', partition, offset, index] = decoder.decode(value).split(' ')
  return {
    task,
    generation: Number(generation),
    instance,
    input: { topic, partition: Number(partition), offset: Number(offset) },
    index: Number(index),
  }
}
