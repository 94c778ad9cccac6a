/**
 * A task for tests of single operators: one node at a time, everything it forwards collected. The stores in
 * `fake-stores.ts` keep plain objects; what real stores do with bytes, caches and changelogs is tested elsewhere.
 */
import type { OperatorContext, Processor, RecordContext } from '../src/processor/processor.ts'
import type { Change } from '../src/record/change.ts'
import { type Headers, noHeaders } from '../src/record/headers.ts'
import { record, type RecordMetadata, type StreamRecord } from '../src/record/record.ts'
import type { StateStore } from '../src/store/store.ts'

type AnyRecord = StreamRecord<unknown, unknown>

/** Called for what a cache flushes, as an operator registered it. */
export type Listener = (key: never, newValue: never, oldValue: never, timestampMs: number, headers: Headers) => void

export class FakeTask {
  readonly forwarded: AnyRecord[] = []
  readonly children: (string | undefined)[] = []
  readonly dropped: string[] = []
  readonly counts = new Map<string, number>()
  readonly config = new Map<string, string>()
  readonly listeners = new Map<string, Listener>()
  /** Stores whose flush listener is accepted, as if they cached. */
  readonly cached = new Set<string>()
  nowMs = 0
  private readonly stores = new Map<string, StateStore>()
  private readonly current = {
    timestampMs: -1,
    headers: noHeaders as Headers,
    topic: 'in' as string | null,
    partition: 0,
    offset: -1,
  }

  constructor(...stores: StateStore[]) {
    for (const store of stores) this.stores.set(store.name, store)
  }

  /** A node of the task; call it with a record to process. */
  node<KIn, VIn, KOut, VOut>(
    processor: Processor<KIn, VIn, KOut, VOut>,
  ): (key: KIn, value: VIn, timestampMs: number, headers?: Headers) => void {
    processor.init?.(this.context() as unknown as OperatorContext<KOut, VOut>)
    return (key, value, timestampMs, headers = noHeaders) => {
      this.current.timestampMs = timestampMs
      this.current.headers = headers
      this.current.offset++
      processor.process(record(key, value, timestampMs, headers))
    }
  }

  /** What was forwarded since the last call, as short texts: `key=value@time`, a change as `old->new`. */
  taken(): string[] {
    return this.forwarded.splice(0).map((each) => `${text(each.key)}=${text(each.value)}@${each.timestampMs}`)
  }

  context(): OperatorContext {
    const { current } = this
    return {
      applicationId: 'app',
      taskId: '0_2',
      current,
      recordContext: current,
      recordMetadata: (): RecordMetadata | undefined =>
        current.topic === null
          ? undefined
          : { topic: current.topic, partition: current.partition, offset: current.offset },
      currentStreamTimeMs: () => current.timestampMs,
      currentSystemTimeMs: () => this.nowMs,
      getStateStore: <S extends StateStore>(store: unknown): S => this.store(store as string) as S,
      commit: () => undefined,
      schedule: () => ({ cancel: () => undefined }) as never,
      forward: (sent: AnyRecord, child?: string) => {
        this.forwarded.push(sent)
        this.children.push(child)
      },
      droppedRecord: (reason: string) => void this.dropped.push(reason),
      count: (metric: string, delta: number) => void this.counts.set(metric, (this.counts.get(metric) ?? 0) + delta),
      setFlushListener: (store: string, listener: Listener) => {
        this.listeners.set(store, listener)
        return this.cached.has(store)
      },
      config: (name: string) => this.config.get(name),
      withRecordContext: (context: RecordContext, action: () => void) => {
        const before = { ...current }
        Object.assign(current, context)
        action()
        Object.assign(current, before)
      },
    }
  }

  private store(name: string): StateStore {
    const store = this.stores.get(name)
    if (store === undefined) throw new Error(`no store "${name}" in this test`)
    return store
  }
}

function text(part: unknown): string {
  if (isChange(part)) return `${text(part.oldValue)}->${text(part.newValue)}${part.isLatest ? '' : '!'}`
  if (isWindowed(part)) return `${text(part.key)}[${part.window.startMs},${part.window.endMs}]`
  return typeof part === 'object' && part !== null ? JSON.stringify(part) : String(part)
}

function isChange(part: unknown): part is Change<unknown> {
  return typeof part === 'object' && part !== null && 'isLatest' in part
}

function isWindowed(part: unknown): part is { key: unknown; window: { startMs: number; endMs: number } } {
  return typeof part === 'object' && part !== null && 'window' in part
}
