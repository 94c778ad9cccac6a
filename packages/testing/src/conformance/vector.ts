/** Types of the conformance vectors; their meaning is in test/conformance/streams/FORMAT.md. */
// ---------------------------------------------------------------- vector

export interface Vector {
  name: string
  about: string
  /** Version of Apache Kafka that made `expect`. */
  kafka: string
  /** Kafka Streams properties; null = the property is not set. */
  config?: { [property: string]: string | null }
  /** Topic -> serdes for piping and for decoding sink topics. */
  topics?: { [topic: string]: [key: SerdeName, value: SerdeName] }
  api?: 'dsl' | 'topology'
  wallClock?: number
  builderConfig?: boolean
  buildWithConfig?: boolean
  jvmDefect?: true
  topology: Op[]
  steps: Step[]
  expect: Expect
}

// ---------------------------------------------------------------- values

export type SerdeName =
  | 'string'
  | 'long'
  | 'int'
  | 'bytes'
  | 'picky'
  | `time-windowed:${string}:${number}`
  | `session-windowed:${string}`

/** A decoded key or value: text, long or int, bytes as hex text, or a windowed key. */
export type Value = string | number | null | WindowedKey
export interface WindowedKey {
  key: string | number
  start: number
  end: number
}
/** Name and text; `0x...` for bytes that are not printable ASCII (only in expectations). */
export type Header = [name: string, value: string | null]

// ---------------------------------------------------------------- steps

export type Step = PipeStep | PipeRawStep | AdvanceWallClockStep | ReadStoreStep
export interface PipeStep {
  pipe: { topic: string; key: Value; value: Value; ts: number; headers?: Header[] }
}
export interface PipeRawStep {
  pipeRaw: { topic: string; keyHex: string | null; valueHex: string | null; ts: number; headers?: Header[] }
}
export interface AdvanceWallClockStep {
  advanceWallClock: number
}
export interface ReadStoreStep {
  readStore: string
}

// ---------------------------------------------------------------- expectations

export interface Expect {
  error?: ExpectedError
  /** Lines. */
  description?: string[]
  /** One sorted list of keys per `split` op. */
  branches?: string[][]
  output?: { [topic: string]: OutputRecord[] }
  reads?: StoreRead[]
  trace?: [step: number, line: string][]
  stores?: { [store: string]: StoreContent }
  metrics?: { [name in MetricName]?: number }
}

export type MetricName = 'dropped-records-total' | 'suppression-emit-total' | 'window-aggregate-final-emit-total'

export type ExpectedError =
  | ({ phase: 'build'; op?: number; step?: never } & ErrorText)
  | ({ phase: 'start' | 'close'; op?: never; step?: never } & ErrorText)
  | ({ phase: 'step'; step: number; op?: never } & ErrorText)
export interface ErrorText {
  type: ErrorType
  causes: ErrorType[]
  message: string
}
/** Simple names of Java classes. */
export type ErrorType =
  | 'StreamsException'
  | 'TopologyException'
  | 'ProcessorStateException'
  | 'ConfigException'
  | 'IllegalArgumentException'
  | 'IllegalStateException'
  | 'NullPointerException'
  | 'ClassCastException'
  | 'SerializationException'

/** At least one of `key` and `keyHex`, and one of `value` and `valueHex`, is there. */
export type OutputRecord = { step: number; ts: number | null; headers?: Header[] } & KeyPart & ValuePart
export type KeyPart = { key: Value; keyHex?: string } | { key?: never; keyHex: string }
export type ValuePart = { value: Value; valueHex?: string } | { value?: never; valueHex: string }

export type StoreRead = { step: number; store: string } & (
  | StoreContent
  | { missing: true; kind?: never; entries?: never }
)

export type StoreContent =
  | { kind: 'kv'; entries: { key: Value; value: Value }[] }
  | { kind: 'timestamped-kv'; entries: { key: Value; value: Value; ts: number }[] }
  | { kind: 'headers-kv'; entries: { key: Value; value: Value; ts: number; headers?: Header[] }[] }
  | { kind: 'window'; entries: { key: Value; start: number; end: number; value: Value }[] }
  | { kind: 'timestamped-window'; entries: { key: Value; start: number; end: number; value: Value; ts: number }[] }
  | {
      kind: 'headers-window'
      entries: { key: Value; start: number; end: number; value: Value; ts: number; headers?: Header[] }[]
    }
  | { kind: 'session'; entries: { key: Value; start: number; end: number; value: Value }[] }
  | { kind: 'headers-session'; entries: { key: Value; start: number; end: number; value: Value; headers?: Header[] }[] }
  | { kind: 'versioned'; entries: { key: Value; value: Value; ts: number; validTo?: number }[] }

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

// ---------------------------------------------------------------- ops

export type Op = SourceOp | StreamOp | GroupedOp | TableOp | JoinOp | TopologyOp
/** `op` values of api `dsl` and `topology` together. */
export type OpName = Op['op']

/** `from`: id of the result it acts on (default: the previous result). `id`: name of its own result. */
interface Base {
  from?: string
  id?: string
}
interface Named {
  name?: string
}
interface Serdes {
  keySerde?: SerdeName
  valueSerde?: SerdeName
}
interface Mat {
  materialized?: Materialized
}
interface Consumed extends Serdes, Named {
  timestampExtractor?: TimestampExtractor
  offsetReset?: OffsetReset
}
interface Grouped extends Serdes, Named {}
type OneTopic = { topic: string; topics?: never; pattern?: never }
type SomeTopics = { topics: string[]; topic?: never; pattern?: never }
type Pattern = { pattern: string; topic?: never; topics?: never }
type Target = { topic: string; topicName?: never } | { topicName: TopicName; topic?: never }

export type SourceOp =
  | ({ op: 'stream'; id?: string } & Consumed & (OneTopic | SomeTopics | Pattern))
  | ({ op: 'table'; id?: string; topic: string } & Consumed & Mat)
  | ({ op: 'globalTable'; id?: string; topic: string } & Consumed & Mat)

/** Result: a KStream, unless said otherwise. `filter`, `filterNot`, `mapValues` and `groupBy` also stand for the KTable method (TableOp). */
export type StreamOp = Base &
  (
    | ({ op: 'map'; key?: Expr; value?: Expr; returnsNull?: true } & Named)
    | ({ op: 'selectKey'; key: Expr } & Named)
    | ({ op: 'flatMap'; list: ListFunction; key?: Expr } & Named)
    | ({ op: 'flatMapValues'; list: ListFunction; withKey?: true } & Named)
    | ({ op: 'peek' | 'foreach'; label?: string; throwIf?: string } & Named)
    | ({ op: 'split'; branches: Branch[]; default?: DefaultBranch } & Named)
    | ({ op: 'merge'; with: string } & Named)
    | ({ op: 'repartition'; partitions?: number } & Serdes & Named)
    | ({ op: 'to'; partitioner?: Partitioner } & Target & Serdes & Named)
    | ({ op: 'toTable' } & Named & Mat)
    | ({ op: 'groupByKey' } & Grouped)
    | ({
        op: 'process' | 'processValues'
        processor: Processor
        stores?: string[]
        provides?: StoreDefinition[]
      } & Named)
  )
export type BranchForm = 'plain' | 'function' | 'function-null' | 'consumer'
export interface Branch {
  id?: string
  predicate: Predicate
  name?: string
  form?: BranchForm
}
export interface DefaultBranch {
  id?: string
  name?: string
  form?: BranchForm
}

/** On a grouped stream, a windowed one, a cogrouped one, or a grouped table. */
export type GroupedOp = Base &
  (
    | ({ op: 'count' } & Named & Mat)
    | ({ op: 'reduce'; reducer: Aggregator; adder?: never; subtractor?: never } & Named & Mat)
    | ({ op: 'reduce'; adder: Aggregator; subtractor: Aggregator; reducer?: never } & Named & Mat)
    /** Grouped stream; `merger` with session windows. */
    | ({
        op: 'aggregate'
        init: Init
        aggregator: Aggregator
        merger?: Merger
        adder?: never
        subtractor?: never
      } & Named &
        Mat)
    /** Grouped table. */
    | ({
        op: 'aggregate'
        init: Init
        adder: Aggregator
        subtractor: Aggregator
        aggregator?: never
        merger?: never
      } & Named &
        Mat)
    /** Cogrouped stream. */
    | ({ op: 'aggregate'; init: Init; merger?: Merger; aggregator?: never; adder?: never; subtractor?: never } & Named &
        Mat)
    | { op: 'windowedBy'; window: Windows }
    | { op: 'emitStrategy'; on: 'windowClose' | 'windowUpdate' }
    /** Without `with`: grouped -> cogrouped stream. */
    | { op: 'cogroup'; aggregator: Aggregator; with?: string }
  )

export type TableOp = Base &
  (
    | ({ op: 'filter' | 'filterNot'; predicate: Predicate } & Named & Mat)
    | ({ op: 'mapValues'; value: Expr; withKey?: true } & Named & Mat)
    | ({
        op: 'transformValues'
        transformer: ValueTransformer
        stores?: string[]
        provides?: StoreDefinition[]
      } & Named &
        Mat)
    | ({ op: 'toStream'; key?: Expr } & Named)
    | ({ op: 'groupBy'; key?: Expr; value?: Expr; returnsNull?: true } & Grouped)
    | ({ op: 'suppress' } & Suppressed & Named)
    | { op: 'queryableStoreName' }
  )
export type ValueTransformer = { use: 'expr'; value: Expr } | { use: 'count'; store: string }
export type Suppressed = ({ until: 'windowCloses'; ms?: never } | { until: 'timeLimit'; ms: number }) & {
  maxRecords?: number
  maxBytes?: number
  full?: 'shutDown' | 'emitEarly'
  logging?: boolean
}

/** The kind of join follows from the two sides. `withKey`: joiner (foreign key: extractor) with key. */
export type JoinOp = Base & { op: 'join' | 'leftJoin' | 'outerJoin'; with: string; joiner: Joiner; withKey?: true } & (
    | { window: JoinWindow; joined?: StreamJoined; key?: never; foreignKey?: never; materialized?: never; name?: never }
    | {
        joined?: StreamTableJoined
        window?: never
        key?: never
        foreignKey?: never
        materialized?: never
        name?: never
      }
    /** With a GlobalKTable. */
    | { key: Expr; name?: string; window?: never; joined?: never; foreignKey?: never; materialized?: never }
    /** Two tables. */
    | { name?: string; materialized?: Materialized; window?: never; key?: never; joined?: never; foreignKey?: never }
    | {
        foreignKey: Expr
        joined?: { name: string }
        name?: string
        materialized?: Materialized
        window?: never
        key?: never
      }
  )
interface JoinSerdes extends Serdes {
  otherValueSerde?: SerdeName
}
export interface StreamJoined extends JoinSerdes {
  name?: string
  storeName?: string
  logging?: boolean
  storeType?: StoreType
  thisStore?: JoinStore
  otherStore?: JoinStore
}
export type JoinStore = { name: string } & Extract<StoreShape, { kind: 'window' | 'timestamped-window' }>
export interface StreamTableJoined extends JoinSerdes {
  name?: string
  grace?: number
}

/** The first two exist in api `dsl` too (`addStateStore` without `processors`, `addGlobalStore` with CONSUMED and without names). */
export type TopologyOp =
  | { op: 'addStateStore'; store: StoreDefinition; processors?: string[] }
  | ({ op: 'addGlobalStore'; store: StoreDefinition; topic: string; processor: Processor; source?: string } & Consumed)
  | ({
      op: 'addReadOnlyStateStore'
      store: StoreDefinition
      source: string
      topic: string
      name: string
      processor: Processor
    } & Serdes)
  | ({ op: 'addSource'; name: string; offsetReset?: OffsetReset; timestampExtractor?: TimestampExtractor } & (
      | SomeTopics
      | Pattern
    ) &
      Serdes)
  | { op: 'addProcessor'; name: string; parents: string | string[]; processor: Processor; provides?: StoreDefinition[] }
  | ({ op: 'addSink'; name: string; parents: string | string[]; partitioner?: Partitioner } & Target & Serdes)
  | { op: 'connectProcessorAndStateStores'; processor: string; stores: string[] }
