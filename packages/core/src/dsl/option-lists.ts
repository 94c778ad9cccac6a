/**
 * The names that each option object of the DSL has, for `requireKnown`. Complete by type: an interface that gets an option
 * does not compile until its list has it.
 */
import { optionNames } from '../known-options.ts'
import type { JoinWindowOptions } from '../window/join-windows.ts'
import type { SessionCogroupOptions } from './cogrouped-streams.ts'
import type { GlobalJoinOptions, StreamTableJoinOptions } from './join-stream-table.ts'
import type { StreamJoinOptions } from './join-streams.ts'
import type { AggregateOptions, WindowedByOptions } from './k-grouped-stream.ts'
import type { TableAggregateOptions, TableReduceOptions } from './k-grouped-table.ts'
import type { ForeignKeyJoinOptions, ToStreamOptions, TransformOptions } from './k-table.ts'
import type {
  DynamicSinkOptions,
  GroupOptions,
  NameOptions,
  PatternSourceOptions,
  PrintStreamOptions,
  ProcessOptions,
  RepartitionOptions,
  SinkOptions,
  SourceOptions,
  TableOptions,
} from './options.ts'
import type { BuildOptions, GlobalStoreOptions, SourceTableOptions, StreamsBuilderOptions } from './streams-builder.ts'
import type { SuppressUntilTime } from './suppress.ts'
import type { SessionAggregateOptions, WindowedAggregateOptions, WindowedTableOptions } from './windowed-streams.ts'

type Names<T> = { readonly [Name in keyof Required<T>]: true }

const name: Names<NameOptions> = { name: true }
const serdes: Pick<Names<GroupOptions<any, any>>, 'key' | 'value'> = { key: true, value: true }
const source: Names<SourceOptions> = { ...name, timestampExtractor: true, offsetReset: true }
const table: Names<TableOptions<any, any>> = { ...name, ...serdes, store: true, materialized: true }
const windowedTable: Names<WindowedTableOptions<any, any>> = { ...table, retention: true }
const build: Names<BuildOptions> = {
  topologyOptimization: true,
  ensureExplicitInternalResourceNaming: true,
  properties: true,
}
const joinWindow: Names<JoinWindowOptions> = { within: true, before: true, after: true, eager: true, grace: true }

/** Of the interfaces in `options.ts`. */
export const nameOptions: readonly string[] = optionNames<NameOptions>(name)
export const sourceOptions: readonly string[] = optionNames<SourceOptions>(source)
export const patternOptions: readonly string[] = optionNames<PatternSourceOptions<any, any>>({ ...source, ...serdes })
export const sinkOptions: readonly string[] = optionNames<SinkOptions<any, any>>({ ...name, partitioner: true })
export const dynamicSinkOptions: readonly string[] = optionNames<DynamicSinkOptions<any, any>>({
  ...name,
  ...serdes,
  partitioner: true,
})
export const tableOptions: readonly string[] = optionNames<TableOptions<any, any>>(table)
export const groupOptions: readonly string[] = optionNames<GroupOptions<any, any>>({ ...name, ...serdes })
export const repartitionOptions: readonly string[] = optionNames<RepartitionOptions<any, any>>({
  ...name,
  ...serdes,
  partitions: true,
  partitioner: true,
})
export const processOptions: readonly string[] = optionNames<ProcessOptions>({ ...name, stores: true })
export const printOptions: readonly string[] = optionNames<PrintStreamOptions<any, any>>({
  ...name,
  write: true,
  label: true,
  mapper: true,
})

/** Of sources and of the builder. */
export const sourceTableOptions: readonly string[] = optionNames<SourceTableOptions<any, any>>({ ...source, ...table })
export const globalStoreOptions: readonly string[] = optionNames<GlobalStoreOptions>({ ...source, processor: true })
export const buildOptions: readonly string[] = optionNames<BuildOptions>(build)
export const builderOptions: readonly string[] = optionNames<StreamsBuilderOptions>({
  ...build,
  processorWrapper: true,
})

/** Of tables. */
export const transformOptions: readonly string[] = optionNames<TransformOptions<any, any>>({ ...table, stores: true })
export const toStreamOptions: readonly string[] = optionNames<ToStreamOptions<any, any, any>>({ ...name, key: true })
export const suppressOptions: readonly string[] = optionNames<SuppressUntilTime>({
  ...name,
  until: true,
  whenFull: true,
  logging: true,
  maxRecords: true,
  maxBytes: true,
})
export const foreignKeyOptions: readonly string[] = optionNames<ForeignKeyJoinOptions<any, any, any, any, any>>({
  ...table,
  foreignKey: true,
  joiner: true,
})
export const tableReduceOptions: readonly string[] = optionNames<TableReduceOptions<any, any, any>>({
  ...table,
  add: true,
  subtract: true,
})
export const tableAggregateOptions: readonly string[] = optionNames<TableAggregateOptions<any, any, any, any>>({
  ...table,
  init: true,
  add: true,
  subtract: true,
})

/** Of grouped streams. */
export const aggregateOptions: readonly string[] = optionNames<AggregateOptions<any, any, any, any>>({
  ...table,
  init: true,
  add: true,
})
export const cogroupOptions: readonly string[] = ['init', 'add']
export const windowedByOptions: readonly string[] = optionNames<WindowedByOptions>({ emit: true })
export const windowedTableOptions: readonly string[] = optionNames<WindowedTableOptions<any, any>>(windowedTable)
export const windowedAggregateOptions: readonly string[] = optionNames<WindowedAggregateOptions<any, any, any, any>>({
  ...windowedTable,
  init: true,
  add: true,
})
export const sessionAggregateOptions: readonly string[] = optionNames<SessionAggregateOptions<any, any, any, any>>({
  ...windowedTable,
  init: true,
  add: true,
  merge: true,
})
export const sessionCogroupOptions: readonly string[] = optionNames<SessionCogroupOptions<any, any>>({
  ...windowedTable,
  merge: true,
})

/** Of joins of streams. */
export const streamJoinOptions: readonly string[] = optionNames<StreamJoinOptions<any, any, any>>({
  ...name,
  ...joinWindow,
  ...serdes,
  store: true,
  logging: true,
  type: true,
  otherValue: true,
  thisStore: true,
  otherStore: true,
})
export const streamTableJoinOptions: readonly string[] = optionNames<StreamTableJoinOptions<any, any>>({
  ...name,
  ...serdes,
  grace: true,
})
export const globalJoinOptions: readonly string[] = optionNames<GlobalJoinOptions<any, any, any>>({
  ...name,
  key: true,
})
