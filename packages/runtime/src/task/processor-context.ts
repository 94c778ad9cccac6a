/**
 * What a node's processor sees of its task. One context per node: it knows the node's children, so that forwarding needs
 * no lookup, and restores the current record's time and headers when the children are done.
 *
 * Nothing is restored when a child throws: whoever handles the error (`ProcessorNode`) sets the context to its own record.
 */
import {
  type BufferedContext,
  type Duration,
  type HandleStore,
  type Headers,
  type OperatorContext,
  type PunctuationType,
  type RecordContext,
  RecordError,
  type RecordMetadata,
  type ScheduleOptions,
  type StateStore,
  type StoreDefinition,
  type StoreKind,
  type StreamRecord,
} from '@millrace/core'
import { asHandleSays, type FlushListener, type LiveStore } from '@millrace/core/internal'
import type { Cancellable } from '@millrace/core/port'
import type { Punctuations } from './punctuation.ts'
import { type CurrentContext, KeptSource, type TaskState } from './task-state.ts'

/** A node that takes records. */
export interface LiveNode {
  readonly name: string
  process(record: StreamRecord<unknown, unknown>): void
}

/** How the nodes of a task reach its stores. */
export interface StoreAccess {
  /** @throws {MR_STORE_NOT_CONNECTED} if the node may not see it */
  view(node: string, store: string): StateStore
  live(store: string): LiveStore | undefined
}

export type FlushAction = (key: never, newValue: never, oldValue: never, timestampMs: number, headers: Headers) => void

export class NodeContext implements OperatorContext {
  readonly node: string
  readonly applicationId: string
  readonly taskId: string
  readonly current: CurrentContext
  readonly recordContext: RecordContext
  /** True where source bytes are held for dead letters. */
  readonly renewsRecords: boolean
  protected readonly state: TaskState
  private readonly stores: StoreAccess
  private readonly punctuations: Punctuations
  private children: readonly LiveNode[] = []
  /** The child, when there is exactly one. */
  private only: LiveNode | null = null

  constructor(node: string, state: TaskState, stores: StoreAccess, punctuations: Punctuations) {
    this.node = node
    this.applicationId = state.applicationId
    this.taskId = state.taskName
    this.current = state.current
    this.recordContext = state.current
    this.renewsRecords = state.deadLetterTopic !== null
    this.state = state
    this.stores = stores
    this.punctuations = punctuations
  }

  /** Called once, after all nodes of the task were made. */
  connect(children: readonly LiveNode[]): void {
    this.children = children
    this.only = children.length === 1 ? (children[0] as LiveNode) : null
  }

  forward(record: StreamRecord<unknown, unknown>, child?: string): void {
    if (!(record.timestampMs >= 0)) throw this.negativeTime(record.timestampMs)
    const current = this.current
    const timestampMs = current.timestampMs
    const headers = current.headers
    current.timestampMs = record.timestampMs
    current.headers = record.headers
    if (this.renewsRecords) this.passHolding(record, child)
    else this.pass(record, child)
    current.timestampMs = timestampMs
    current.headers = headers
  }

  recordMetadata(): RecordMetadata | undefined {
    return this.state.metadata
  }

  currentStreamTimeMs(): number {
    return this.state.streamTimeMs
  }

  currentSystemTimeMs(): number {
    return this.state.nowMs
  }

  getStateStore<H extends StoreDefinition<any, any>>(store: H): HandleStore<H>
  getStateStore<S extends StateStore = StateStore>(store: string): S
  getStateStore(store: string | StoreDefinition<any, any>): StateStore {
    if (typeof store === 'string') return this.stores.view(this.node, store)
    return asHandleSays(this.stores.view(this.node, store.name), {
      asked: store.kind,
      actual: this.storeKind(store.name),
      timeMs: () => this.current.timestampMs,
    })
  }

  commit(): void {
    this.state.commitRequested = true
  }

  schedule(
    interval: Duration,
    type: PunctuationType,
    callback: (timestampMs: number) => void,
    options?: ScheduleOptions,
  ): Cancellable {
    return this.punctuations.schedule({ node: this.node, interval, type, callback, startMs: options?.startMs })
  }

  keepSource(): object | null {
    return this.state.keepSource()
  }

  withRecordContext(context: BufferedContext, action: () => void): void {
    const before = this.state.takeRecord()
    const { topic, partition, offset, timestampMs, headers } = context
    const metadata = topic === null ? undefined : { topic, partition, offset }
    const source = context.source instanceof KeptSource ? context.source : null
    this.state.setRecord({ context: { topic, partition, offset, timestampMs, headers }, metadata, source })
    try {
      action()
    } finally {
      this.state.setRecord(before)
    }
  }

  droppedRecord(reason: string): void {
    this.state.droppedRecord(this.node, reason)
  }

  warn(text: string): void {
    const { topic, partition, offset } = this.current
    this.state.logger.warn(text, { task: this.taskId, node: this.node, topic, partition, offset })
  }

  storeKind(store: string): StoreKind | undefined {
    return this.stores.live(store)?.definition.kind
  }

  count(metric: string, delta: number): void {
    this.state.metrics.count(metric, delta)
  }

  setFlushListener(store: string, listener: FlushAction, wantsOld: boolean): boolean {
    const live = this.stores.live(store)
    return live !== undefined && live.setFlushListener(listener as FlushListener<never, never>, wantsOld)
  }

  config(name: string): string | number | boolean | undefined {
    return this.state.settings.config(name)
  }

  private pass(record: StreamRecord<unknown, unknown>, child: string | undefined): void {
    if (child !== undefined) this.childNamed(child).process(record)
    else if (this.only !== null) this.only.process(record)
    else this.forwardToAll(record)
  }

  /** A new record holds the source bytes for its own branch: a sink below frees them there and not above. */
  private passHolding(record: StreamRecord<unknown, unknown>, child: string | undefined): void {
    const { state } = this
    const { holder, hold } = state
    if (holder === record) {
      this.pass(record, child)
      return
    }
    state.holder = record
    state.hold = { released: hold.released, isShared: false }
    try {
      this.pass(record, child)
    } finally {
      state.holder = holder
      state.hold = hold
    }
  }

  private forwardToAll(record: StreamRecord<unknown, unknown>): void {
    const children = this.children
    for (let i = 0; i < children.length; i++) (children[i] as LiveNode).process(record)
  }

  private negativeTime(timestampMs: number): RecordError<'MR_RECORD_TIME'> {
    return new RecordError('MR_RECORD_TIME', { node: this.node, timestampMs })
  }

  private childNamed(name: string): LiveNode {
    const child = this.children.find((each) => each.name === name)
    if (child === undefined) throw new RecordError('MR_RECORD_CHILD', { node: this.node, child: name })
    return child
  }
}

/** The context of a `FixedKeyProcessor`: while a record is being processed, only records with its key go on. */
export class FixedKeyContext extends NodeContext {
  private processing = false
  private key: unknown = undefined

  /** The node is about to process a record with this key. */
  begin(key: unknown): void {
    this.processing = true
    this.key = key
  }

  /** It is done; what punctuations forward cannot be checked. */
  end(): void {
    this.processing = false
    this.key = undefined
  }

  override forward(record: StreamRecord<unknown, unknown>, child?: string): void {
    if (this.processing && !Object.is(record.key, this.key)) {
      throw new RecordError('MR_RECORD_FIXED_KEY', { node: this.node })
    }
    super.forward(this.renewsRecords ? { ...record } : record, child)
  }
}
