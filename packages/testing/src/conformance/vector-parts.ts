/** Types of what ops are made of: functions, windows, stores, processors (test/conformance/streams/FORMAT.md). */
import type { SerdeName } from './vector.ts'

// ---------------------------------------------------------------- functions

/** Steps separated by `|`; only the first one is checked here. */
export type Expr = ExprStep | `${ExprStep}|${string}`
export type ExprStep =
  | 'value'
  | 'key'
  | 'key-value'
  | 'null'
  | 'text'
  | `const:${string}`
  | `const-long:${number}`
  | `null-if:${string}`
  | `throw-if:${string}`
  | `append:${string}`
  | `prepend:${string}`
  | 'upper'
  | 'lower'
  | 'reverse'
  | 'first'
  | 'rest'
  | 'length'
  | 'length-long'
  | `field:${number}`
  | 'long'
  | `plus:${number}`
  | `mod:${number}`
  | 'window-key'
  | 'window-start'
  | 'window-end'

export type Predicate =
  | 'true'
  | 'false'
  | 'value-null'
  | 'value-not-null'
  | 'key-null'
  | 'key-not-null'
  | 'value-length-odd'
  | `value-eq:${string}`
  | `value-starts:${string}`
  | `value-contains:${string}`
  | `value-gt:${number}`
  | `key-eq:${string}`
  | `key-starts:${string}`
  | `throw-if:${string}`

export type ListFunction = 'split' | `split:${string}` | `dup:${number}` | 'chars' | 'same' | 'none' | 'null'

export type Aggregator =
  | 'add'
  | 'sub'
  | `concat:${string}`
  | 'key-add'
  | 'sum'
  | 'minus'
  | 'inc'
  | 'dec'
  | 'dec-null'
  | 'last'
  | 'keep'
  | 'max'
  | 'min'
  | `null-if:${string}`
  | `throw-if:${string}`

export type Merger = 'amp' | 'concat' | 'sum' | 'one' | 'two'
export type Joiner =
  | 'bar'
  | 'key-bar'
  | 'left'
  | 'right'
  | 'sum'
  | `null-if-right:${string}`
  | `throw-if-left:${string}`
/** A number is a long. */
export type Init = string | number | null

export type TimestampExtractor =
  | 'fail'
  | 'log-and-skip'
  | 'partition-time'
  | 'wallclock'
  | 'value-at'
  | 'value-at-or-partition-time'
export type TopicName = Expr | 'context-topic' | 'context-header'
export type Partitioner = 'default' | 'zero' | 'none'
/** The last form is a duration in ms. */
export type OffsetReset = 'earliest' | 'latest' | 'none' | `${number}`

// ---------------------------------------------------------------- windows

export type Windows =
  | { type: 'time'; size: number; advance?: number; grace?: number }
  | { type: 'sliding'; diff: number; grace?: number }
  | { type: 'session'; gap: number; grace?: number }
  | { type: 'unlimited'; start?: number }
export interface JoinWindow {
  diff: number
  grace?: number
  before?: number
  after?: number
  legacy?: true
}

// ---------------------------------------------------------------- stores

/** The fields of a store supplier that go with its kind. */
export type StoreShape =
  | { kind: 'kv' | 'timestamped-kv' | 'headers-kv'; inMemory?: boolean }
  | { kind: 'lru'; maxEntries: number }
  | { kind: 'versioned'; historyRetention: number; segmentInterval?: number }
  | {
      kind: 'window' | 'timestamped-window'
      retention: number
      windowSize: number
      retainDuplicates?: boolean
      inMemory?: boolean
    }
  | { kind: 'session'; retention: number; inMemory?: boolean }

export type StoreDefinition = StoreShape & {
  name: string
  /** Default `string`. */
  keySerde?: SerdeName
  valueSerde?: SerdeName
  caching?: boolean
  logging?: boolean
}

/** Its name is that of the Materialized (`store`). */
export type MaterializedSupplier = Exclude<StoreShape, { kind: 'headers-kv' }>
export interface Materialized {
  store?: string
  keySerde?: SerdeName
  valueSerde?: SerdeName
  caching?: boolean
  logging?: boolean | { [topicConfig: string]: string }
  retention?: number
  storeType?: StoreType
  supplier?: MaterializedSupplier
}
export type StoreType = 'in-memory' | 'rocksdb'

// ---------------------------------------------------------------- processors

export type Processor = SimpleProcessorName | ProcessorSpec
export type SimpleProcessorName = 'forward' | 'drop' | 'map' | 'context' | 'commit'
/** `trace`: label of trace lines for init, each record, close. */
export type ProcessorSpec = { trace?: string } & (
  | { use: 'forward'; child?: string }
  | { use: 'drop' | 'context' | 'commit' }
  | {
      use: 'map'
      key?: Expr
      value?: Expr
      ts?: number
      header?: [name: string, value: string]
      child?: string
      times?: number
    }
  | { use: 'route'; routes: { [firstCharacter: string]: string } }
  | { use: 'counter' | 'dedupe' | 'reader'; store: string }
  | { use: 'buffer'; store: string; every: number; type?: PunctuationType }
  | { use: 'punctuate'; schedules: Schedule[] }
  | { use: 'timer'; type: PunctuationType }
  | { use: 'writer'; store: string; value?: Expr }
  | { use: 'throw'; if: string }
  | { use: 'kv' | 'window' | 'session' | 'versioned'; store: string }
)
export type PunctuationType = 'stream' | 'wall'
export interface Schedule {
  type: PunctuationType
  interval: number
  start?: number
  label?: string
  cancelAfter?: number
  throwAt?: number
  forward?: boolean
}
