/**
 * Ends a branch of the topology in lines of text, one per record, as Kafka prints them: `[label]: key, value`.
 *
 * The domain has no console and no files: whoever builds the topology gives the function that takes a line.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { StreamRecord } from '../record/record.ts'
import type { ValueMapper } from './functions.ts'

/** Where lines go and what they say. */
export interface PrintOptions<K, V> {
  /** Stands in brackets at the begin of each line; usually the name of the node above. */
  readonly label: string
  /** Takes one line, without a line end. */
  readonly write: (line: string) => void
  /** Text of a record; default `key, value`. */
  readonly mapper?: ValueMapper<K, V, string>
}

/**
 * Writes `[label]: key, value` for each record and forwards nothing. A null is written `null`.
 *
 * Errors: what the mapper or `write` throws goes to the processing handler.
 *
 * @see Kafka Streams `KStreamPrint`, `Printed`
 * @example
 * const lines: string[] = []
 * run(({ numbers }) => numbers.print({ label: 'counts', write: (line) => lines.push(line) }), ['numbers', 'a', 1])
 * show(lines)
 * // → ["[counts]: a, 1"]
 */
export function printStream<K, V>(options: PrintOptions<K, V>): () => Processor<K, V, never, never> {
  return () => new PrintStream(options)
}

class PrintStream<K, V> implements Processor<K, V, never, never> {
  private readonly options: PrintOptions<K, V>
  private context!: OperatorContext<never, never>

  constructor(options: PrintOptions<K, V>) {
    this.options = options
  }

  init(context: ProcessorContext<never, never>): void {
    this.context = context as OperatorContext<never, never>
  }

  process(record: StreamRecord<K, V>): void {
    const { label, mapper, write } = this.options
    const text =
      mapper === undefined
        ? `${String(record.key)}, ${String(record.value)}`
        : mapper(record.value, record.key, this.context.recordContext)
    write(`[${label}]: ${text}`)
  }
}
