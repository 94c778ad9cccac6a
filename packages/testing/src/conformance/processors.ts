/**
 * The processors of FORMAT.md that work on single records: one behaviour per `use`, the same for `process` and
 * `processValues`.
 */
import type { Cancellable } from '@millrace/core/port'
import {
  type Headers,
  type KeyValueStore,
  noHeaders,
  type ProcessorContext,
  record,
  type StreamRecord,
} from '@millrace/core'
import { encodeUtf8 } from '@millrace/core/internal'
import { expression, toNumber } from './expression.ts'
import { illegalState, UnknownSpec } from './java-errors.ts'
import { sessionCommand, keyValueCommand, versionedCommand, versionedText, windowCommand } from './store-commands.ts'
import { isStored, text } from './text.ts'
import type { Trace } from './trace.ts'
import type { Processor as ProcessorOption, ProcessorSpec, Schedule, StoreShape } from './vector-parts.ts'

export type AnyRecord = StreamRecord<unknown, unknown>
type Store = KeyValueStore<unknown, unknown>

/** What a behaviour works with. */
export interface LibrarySurroundings {
  readonly context: ProcessorContext
  /** Forwards; in `processValues` with the key of the record being processed. */
  readonly forward: (out: AnyRecord, child?: string) => void
  readonly trace: Trace
  /** Kind of a store that the vector defines; undefined for stores of the DSL. */
  readonly kindOf: (store: string) => StoreShape['kind'] | undefined
  readonly fixedKey: boolean
}

/** What happens per record; made once per task. */
export type Behaviour = (record: AnyRecord) => void
type SpecOf<S, U> = S extends { use: infer Uses } ? (U extends Uses ? S : never) : never
type Spec<U extends ProcessorSpec['use']> = SpecOf<ProcessorSpec, U>
type Make<U extends ProcessorSpec['use']> = (spec: Spec<U>, surroundings: LibrarySurroundings) => Behaviour

const withValue = (one: AnyRecord, value: unknown): AnyRecord => record(one.key, value, one.timestampMs, one.headers)
const storeOf = (surroundings: LibrarySurroundings, name: string): Store =>
  surroundings.context.getStateStore<Store>(name)

/** A value in the shape that the store takes: with time and headers of the record where it keeps them. */
export function storedValue(kind: StoreShape['kind'] | undefined, value: unknown, one: AnyRecord): unknown {
  if (value === null) return null
  if (kind === 'headers-kv') return { value, timestampMs: one.timestampMs, headers: one.headers }
  if (kind === 'timestamped-kv' || kind === 'timestamped-window') return { value, timestampMs: one.timestampMs }
  return value
}

const behaviours: { readonly [U in ProcessorSpec['use']]: Make<U> } = {
  forward:
    (spec, { forward }) =>
    (one) =>
      forward(one, spec.child),
  drop: () => () => undefined,
  map: mapBehaviour,
  route:
    (spec, { forward }) =>
    (one) => {
      const first = one.value === null ? undefined : text(one.value).slice(0, 1)
      forward(one, first === undefined ? undefined : spec.routes[first])
    },
  context: (_spec, surroundings) => (one) =>
    surroundings.forward(withValue(one, contextText(surroundings.context, one))),
  counter: (spec, surroundings) => {
    const store = storeOf(surroundings, spec.store)
    const kind = surroundings.kindOf(spec.store)
    return (one) => {
      const before = store.get(one.key)
      const count = Number(isStored(before) ? before.value : (before ?? 0)) + 1
      store.put(one.key, storedValue(kind, count, one))
      surroundings.forward(withValue(one, count))
    }
  },
  dedupe: (spec, surroundings) => {
    const store = storeOf(surroundings, spec.store)
    return (one) => {
      if (store.putIfAbsent(one.key, one.value) === null) surroundings.forward(one)
    }
  },
  buffer: bufferBehaviour,
  punctuate: (spec, surroundings) => {
    for (const schedule of spec.schedules) addSchedule(schedule, surroundings)
    return (one) => surroundings.forward(one)
  },
  timer: (spec, surroundings) => (one) => startTimer(spec, surroundings, one),
  reader: (spec, surroundings) => {
    const store = storeOf(surroundings, spec.store)
    const versioned = 'history' in store
    return (one) => {
      const found = store.get(one.key)
      const answer = versioned ? versionedText(found as never) : text(found)
      surroundings.forward(withValue(one, `${text(one.value)}|${answer}`))
    }
  },
  writer: (spec, surroundings) => {
    const store = storeOf(surroundings, spec.store)
    const kind = surroundings.kindOf(spec.store)
    const chosen = expression(spec.value ?? 'value')
    return (one) => {
      if (kind === 'versioned')
        (store.put as (k: unknown, v: unknown, at: number) => void)(one.key, one.value, one.timestampMs)
      else if (kind === 'kv' || kind === 'lru' || kind === undefined) store.put(one.key, chosen(one.key, one.value))
      else store.put(one.key, storedValue(kind, one.value, one))
    }
  },
  throw:
    (spec, { forward }) =>
    (one) => {
      if (one.value !== null && text(one.value) === spec.if) throw illegalState(`throw:${text(one.value)}`)
      forward(one)
    },
  commit:
    (_spec, { context, forward }) =>
    (one) => {
      context.commit()
      forward(one)
    },
  kv: (spec, surroundings) => command(surroundings, spec.store, keyValueCommand),
  window: (spec, surroundings) => command(surroundings, spec.store, windowCommand),
  session: (spec, surroundings) => command(surroundings, spec.store, sessionCommand),
  versioned: (spec, surroundings) => command(surroundings, spec.store, versionedCommand),
}

/** The spec of a processor option: a name is short for `{ use: name }`. */
export function processorSpec(option: ProcessorOption): ProcessorSpec {
  const spec = (typeof option === 'string' ? { use: option } : option) as ProcessorSpec
  if (!(spec.use in behaviours)) throw new UnknownSpec(`processor "${spec.use}"`)
  return spec
}

export function behaviour(spec: ProcessorSpec, surroundings: LibrarySurroundings): Behaviour {
  return (behaviours[spec.use] as Make<'drop'>)(spec as never, surroundings)
}

function mapBehaviour(spec: Spec<'map'>, { forward, fixedKey }: LibrarySurroundings): Behaviour {
  const key = spec.key === undefined || fixedKey ? null : expression(spec.key)
  const value = spec.value === undefined ? null : expression(spec.value)
  const times = spec.times ?? 1
  return (one) => {
    const newKey = key === null ? one.key : key(one.key, one.value)
    const newValue = value === null ? one.value : value(one.key, one.value)
    const timestampMs = one.timestampMs + (spec.ts ?? 0)
    const headers = withHeader(one.headers, spec.header)
    for (let i = 0; i < times; i++) {
      forward(record(newKey, times === 1 ? newValue : `${text(newValue)}#${i}`, timestampMs, headers), spec.child)
    }
  }
}

function withHeader(headers: Headers, added: Spec<'map'>['header']): Headers {
  return added === undefined ? headers : [...headers, { key: added[0], value: encodeUtf8(added[1]) }]
}

/** A record that a punctuation forwards has no metadata here; in Kafka it has those of no topic: partition and offset −1. */
function contextText(context: ProcessorContext, one: AnyRecord): string {
  const metadata = context.recordMetadata()
  return [
    text(one.value),
    `topic=${metadata?.topic ?? 'none'}`,
    `partition=${metadata?.partition ?? -1}`,
    `offset=${metadata?.offset ?? -1}`,
    `ts=${one.timestampMs}`,
    `stream=${context.currentStreamTimeMs()}`,
    `wall=${context.currentSystemTimeMs()}`,
    `app=${context.applicationId}`,
    `task=${context.taskId}`,
  ].join(' ')
}

const punctuationType = (type: 'stream' | 'wall'): 'stream-time' | 'wall-clock' =>
  type === 'wall' ? 'wall-clock' : 'stream-time'

function bufferBehaviour(spec: Spec<'buffer'>, surroundings: LibrarySurroundings): Behaviour {
  const store = storeOf(surroundings, spec.store)
  surroundings.context.schedule(spec.every, punctuationType(spec.type ?? 'stream'), (atMs) => {
    const rows = Array.from(store.all())
    for (const { key, value } of rows) {
      surroundings.forward(record(key, value, atMs, noHeaders))
      store.delete(key)
    }
  })
  return (one) => store.put(one.key, one.value)
}

function addSchedule(schedule: Schedule, { context, forward, trace, fixedKey }: LibrarySurroundings): void {
  const label = schedule.label ?? 'punct'
  let calls = 0
  const handle: Cancellable = context.schedule(
    schedule.interval,
    punctuationType(schedule.type),
    (atMs) => {
      calls++
      const meta = context.recordMetadata()?.topic ?? 'none'
      const line = `${label}@${atMs} stream=${context.currentStreamTimeMs()} wall=${context.currentSystemTimeMs()} meta=${meta}`
      trace.add(line)
      if (schedule.throwAt === calls) throw illegalState('punctuate')
      if (!fixedKey && schedule.forward !== false) forward(record(label, line, atMs, noHeaders))
      if (schedule.cancelAfter === calls) handle.cancel()
    },
    schedule.start === undefined ? undefined : { startMs: schedule.start },
  )
}

function startTimer(spec: Spec<'timer'>, { context, forward }: LibrarySurroundings, one: AnyRecord): void {
  const value = text(one.value)
  const handle: Cancellable = context.schedule(toNumber(value), punctuationType(spec.type), (atMs) => {
    handle.cancel()
    forward(record(one.key, `${value} fired@${atMs}`, atMs, noHeaders))
  })
}

/** The record's value is a command to a store, its answer the value that goes on. */
function command(
  surroundings: LibrarySurroundings,
  name: string,
  run: (store: never, words: readonly string[], key: unknown, wrap: (value: string) => unknown) => string,
): Behaviour {
  const store = surroundings.context.getStateStore(name)
  const kind = surroundings.kindOf(name)
  return (one) => {
    const wrap = (value: string): unknown => storedValue(kind, value === 'null' ? null : value, one)
    const answer = run(store as never, text(one.value).split(' '), one.key, wrap)
    surroundings.forward(withValue(one, answer))
  }
}
