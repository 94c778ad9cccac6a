/** Types of the ops that build a topology (test/conformance/streams/FORMAT.md). */
import type {
  Expr,
  Predicate,
  ListFunction,
  Aggregator,
  Merger,
  Joiner,
  Init,
  TimestampExtractor,
  TopicName,
  Partitioner,
  OffsetReset,
  Windows,
  JoinWindow,
  StoreShape,
  StoreDefinition,
  Materialized,
  StoreType,
  Processor,
} from './vector-parts.ts'
import type { SerdeName } from './vector.ts'

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
