/** Sends each record to the first branch that wants it: the node behind `split`. */
import { requireFunction } from './required-function.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { StreamRecord } from '../record/record.ts'
import type { Predicate } from './functions.ts'

/** One way out of a branch node. */
export interface Branch<K, V> {
  readonly predicate: Predicate<K, V>
  /** Name of the child node. */
  readonly child: string
}

/**
 * Forwards each record, as it is, to the child of the first branch whose predicate holds.
 *
 * The list may grow while the topology is built; it is read when a record comes.
 *
 * Errors: what the predicate throws goes to the processing handler.
 *
 * @param defaultChild gets the records that no branch wants; null drops them, uncounted
 * @see Kafka Streams `KStreamBranch`, `BranchedKStream` (KIP-418)
 * @example
 * run(
 *   ({ numbers }) => {
 *     const { negative, rest } = numbers.split({ negative: (value) => value < 0, rest: true })
 *     return negative.mapValues((value) => `${value} is negative`).merge(rest.mapValues((value) => `${value} is not`))
 *   },
 *   ['numbers', 'a', -1],
 *   ['numbers', 'b', 1],
 * )
 * // → [["a","-1 is negative"],["b","1 is not"]]
 */
export function branchStream<K, V>(
  branches: readonly Branch<K, V>[],
  defaultChild: string | null,
): () => Processor<K, V, K, V> {
  for (const { predicate } of branches) requireFunction('split', predicate)
  return () => new BranchStream(branches, defaultChild)
}

class BranchStream<K, V> implements Processor<K, V, K, V> {
  private readonly branches: readonly Branch<K, V>[]
  private readonly defaultChild: string | null
  private context!: OperatorContext<K, V>

  constructor(branches: readonly Branch<K, V>[], defaultChild: string | null) {
    this.branches = branches
    this.defaultChild = defaultChild
  }

  init(context: ProcessorContext<K, V>): void {
    this.context = context as OperatorContext<K, V>
  }

  process(record: StreamRecord<K, V>): void {
    const context = this.context
    for (const { predicate, child } of this.branches) {
      if (predicate(record.value, record.key, context.recordContext)) {
        context.forward(record, child)
        return
      }
    }
    if (this.defaultChild !== null) context.forward(record, this.defaultChild)
  }
}
