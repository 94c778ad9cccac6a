/**
 * A processor inside a task: it runs the user's code, and is where that code's errors stop.
 *
 * An error goes to the processing handler with the name of the node that threw. When the handler says to go on, the
 * node's subtree is left out for this record and the node above continues with its next child. Errors of a sink reach
 * the node that forwarded to it: a sink has no code of its own. So does a wrong type that an operator's own serde meets
 * (`SerdeMisfit`): it is a mistake of the topology.
 */
import { FatalError, RecordError, type StreamRecord } from '@millrace/core'
import { type ProcessorNode as ProcessorPlan, SerdeMisfit } from '@millrace/core/internal'
import { toError } from '../handler/dead-letter.ts'
import { isDecided, processingFailed } from '../handler/processing.ts'
import { FixedKeyContext, type LiveNode, type NodeContext } from './processor-context.ts'
import type { TaskState } from './task-state.ts'

/** What the two kinds of processors have in common. */
interface AnyProcessor {
  init?(context: NodeContext): void
  process(record: StreamRecord<unknown, unknown>): void
  close?(): void
}

export class ProcessorNode implements LiveNode {
  readonly name: string
  readonly context: NodeContext
  private readonly plan: ProcessorPlan
  private readonly state: TaskState
  private readonly fixedKey: FixedKeyContext | null
  private readonly handlesErrors: boolean
  private processor: AnyProcessor | null = null

  /** @param handlesErrors false: what the processor throws goes up as it is (global stores, unless switched on) */
  constructor(plan: ProcessorPlan, state: TaskState, context: NodeContext, handlesErrors: boolean) {
    this.name = plan.name
    this.plan = plan
    this.state = state
    this.context = context
    this.fixedKey = context instanceof FixedKeyContext ? context : null
    this.handlesErrors = handlesErrors
  }

  /**
   * Makes the processor, if there is none yet, and calls its `init`.
   *
   * @throws {MR_RUNTIME_INIT} (FatalError) if either throws
   */
  init(): void {
    try {
      this.processor ??= this.plan.create(this.state.settings.serdes) as AnyProcessor
      this.processor.init?.(this.context)
    } catch (thrown) {
      const cause = toError(thrown)
      const details = { node: this.name, task: this.state.taskName, reason: cause.message }
      throw new FatalError('MR_RUNTIME_INIT', details, { cause })
    }
  }

  /** @throws {MR_RUNTIME_CLOSE} (FatalError) if the processor's `close` throws; it counts as closed then */
  close(): void {
    const processor = this.processor
    this.processor = null
    try {
      processor?.close?.()
    } catch (thrown) {
      const cause = toError(thrown)
      const details = { node: this.name, task: this.state.taskName, reason: cause.message }
      throw new FatalError('MR_RUNTIME_CLOSE', details, { cause })
    }
  }

  process(record: StreamRecord<unknown, unknown>): void {
    if (this.fixedKey !== null) this.fixedKey.begin(record.key)
    try {
      ;(this.processor as AnyProcessor).process(record)
    } catch (thrown) {
      this.failed(thrown, record)
    }
    if (this.fixedKey !== null) this.fixedKey.end()
  }

  private failed(thrown: unknown, record: StreamRecord<unknown, unknown>): void {
    if (thrown instanceof SerdeMisfit) {
      const { owner, message: reason, cause } = thrown
      throw new RecordError('MR_OPERATOR_SERDE', { node: this.name, owner, reason }, { cause })
    }
    if (!this.handlesErrors || isDecided(thrown)) throw thrown
    const current = this.context.current
    current.timestampMs = record.timestampMs
    current.headers = record.headers
    processingFailed(this.state, thrown, this.state.errorContext(this.name, record), record)
    this.state.metrics.count('dropped-records-total', 1)
  }
}
