/**
 * Left side of a foreign-key join, last node: joins an answer with the left row it was made for. An answer whose hash
 * is not that of the row as it is now was overtaken by a newer row, whose own answer will come; it is dropped and
 * counted.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import { hash128 } from '../serde/envelope/murmur3.ts'
import { ownSerde } from '../serde/own-serde.ts'
import type { Serde } from '../serde/serde.ts'
import { type DefaultSerdes, type ForeignKeyResponse, neededSerde } from './foreign-key-messages.ts'
import type { Joiner } from './functions.ts'
import { sameBytes } from './same-key.ts'
import type { TableValueGetter, TableValueGetterSupplier } from './table-value-getter.ts'
import { undefinedResult } from './undefined-result.ts'

/** What the resolving node is made of. */
export interface ForeignKeyResolve<K, V, VF, VOut> {
  /** Rows of the left table; the node must be connected to its stores. */
  readonly table: TableValueGetterSupplier<K, V>
  /** Serde of left values, whose bytes are hashed; null = the default of the application. */
  readonly value: Serde<V> | null
  /** Registration topic, without the application id: the serde is called with a pseudo-topic made of it. */
  readonly subscriptionTopic: string
  readonly joiner: Joiner<K, V, VF | null, VOut | null>
  readonly left: boolean
}

/**
 * Makes the supplier of the node behind the response topic. Forwards the result of the join, or null for a row that has
 * none any more, with the time of the answer; a table source node behind it stores the results.
 *
 * Units: the result has the time of the answer, ms. Errors: what the joiner throws goes to the processing handler.
 *
 * @see Kafka Streams `ResponseJoinProcessorSupplier`; KIP-213
 * @example
 * run(
 *   ({ texts, users }) => {
 *     const owners = texts.toTable()
 *     return owners.join(users, { foreignKey: (user) => user, joiner: (user, name) => `${user} is ${name}` })
 *   },
 *   ['users', 'u1', 'Ada'],
 *   ['users', 'u2', 'Kurt'],
 *   ['texts', 'house', 'u1'],
 *   ['texts', 'house', 'u2'],
 *   ['texts', 'house', 'u9'],
 * )
 * // → [["house","u1 is Ada"],["house","u2 is Kurt"],["house",null]]
 */
export function resolveResponses<K, V, VF, VOut>(
  options: ForeignKeyResolve<K, V, VF, VOut>,
): (defaults: DefaultSerdes) => Processor<K, ForeignKeyResponse<VF>, K, VOut | null> {
  return (defaults) => new ResolveResponses(options, neededSerde(options.value, defaults.value, 'value'))
}

class ResolveResponses<K, V, VF, VOut> implements Processor<K, ForeignKeyResponse<VF>, K, VOut | null> {
  private readonly options: ForeignKeyResolve<K, V, VF, VOut>
  private readonly valueSerde: ReturnType<typeof ownSerde<V>>
  private readonly table: TableValueGetter<K, V>
  private context!: OperatorContext<K, VOut | null>
  private hashTopic = ''

  constructor(options: ForeignKeyResolve<K, V, VF, VOut>, valueSerde: Serde<V>) {
    this.options = options
    this.valueSerde = ownSerde(valueSerde, options.subscriptionTopic)
    this.table = options.table.create()
  }

  init(context: ProcessorContext<K, VOut | null>): void {
    this.context = context as OperatorContext<K, VOut | null>
    this.hashTopic = `${context.applicationId}-${this.options.subscriptionTopic}-vh`
    this.table.init(this.context)
  }

  close(): void {
    this.table.close?.()
  }

  process(record: StreamRecord<K, ForeignKeyResponse<VF>>): void {
    const { key, timestampMs, headers } = record
    const { hash, foreignValue } = record.value
    const row = this.table.get(key)
    const current = row === null ? null : hash128(this.valueSerde.serialize(row.value, this.hashTopic))
    if (!isSameHash(hash, current)) {
      this.context.droppedRecord('an answer of a foreign-key join for a row that has changed since')
      return
    }
    const hasResult = foreignValue !== null || (this.options.left && row !== null)
    const { joiner } = this.options
    const value = row === null ? null : row.value
    const result = hasResult ? joiner(value as V, foreignValue, key, this.context.recordContext) : null
    if (result === undefined) throw undefinedResult('the foreign-key join', key)
    this.context.forward(makeRecord(key, result, timestampMs, headers))
  }
}

function isSameHash(one: Uint8Array | null, two: Uint8Array | null): boolean {
  return one === null || two === null ? one === two : sameBytes(one, two)
}
