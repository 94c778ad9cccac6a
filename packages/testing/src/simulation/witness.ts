/**
 * Who made an output record, and of what: headers that each output carries in a simulation, so that the checker can follow
 * every record of the output back to its input.
 *
 * They are added by a processor in front of each sink, user code like any other: the runtime knows nothing of them.
 */
import { type Headers, type Processor, type ProcessorContext, record } from '@millrace/core'
import type { LoggedRecord } from './committed-log.ts'

/** What one output record says of its making. */
export interface Witness {
  readonly task: string
  /** Generation of the group under which it was made, as `Generations` counts them. */
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

/** The header of an output record. */
export function witness(of: Witness): Headers {
  const { task, generation, instance, input, index } = of
  const text = [task, generation, instance, input.topic, input.partition, input.offset, index].join(' ')
  return [{ key: name, value: encoder.encode(text) }]
}

/**
 * Witnesses of a record, oldest first: one for each part of the topology it has passed.
 */
export function witnessesOf({ headers }: Pick<LoggedRecord, 'headers'>): Witness[] {
  return headers
    .filter((header) => header.key === name && header.value !== null)
    .map(({ value }) => {
      const words = decoder.decode(value ?? undefined).split(' ')
      const [task = '', generation, instance = '', topic = '', partition, offset, index] = words
      return {
        task,
        generation: Number(generation),
        instance,
        input: { topic, partition: Number(partition), offset: Number(offset) },
        index: Number(index),
      }
    })
}

/** The witness of the last part; undefined when the record carries none. */
export function witnessOf(made: Pick<LoggedRecord, 'headers'>): Witness | undefined {
  return witnessesOf(made).at(-1)
}

/** A life of a process, as the witnesses of its outputs tell of it. */
export interface Instance {
  readonly name: string
  /** In which it works now. */
  generation(): number
}

/** A processor that adds a witness to every record that passes. */
export function witnessing<K, V>(instance: Instance): () => Processor<K, V, K, V> {
  return () => {
    let context: ProcessorContext<K, V> | undefined
    let lastInput = ''
    let index = 0
    return {
      init(given) {
        context = given
      },
      process({ key, value, timestampMs, headers }) {
        const input = context?.recordMetadata() ?? { topic: '-', partition: -1, offset: -1 }
        const text = `${input.topic} ${input.partition} ${input.offset}`
        index = text === lastInput ? index + 1 : 0
        lastInput = text
        const task = context?.taskId ?? ''
        const said = witness({ task, generation: instance.generation(), instance: instance.name, input, index })
        context?.forward(record(key, value, timestampMs, [...headers, ...said]))
      },
    }
  }
}
