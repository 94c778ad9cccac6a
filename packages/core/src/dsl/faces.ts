/**
 * Makes the public classes of the DSL. They make each other (a stream a table, a table a stream), so none imports another:
 * each finds the makers in its plan, where `StreamsBuilder` has put them.
 */
import type { GroupedTableState } from './grouped-table-state.ts'
import type { GroupedState } from './grouped-state.ts'
import type { KGroupedStream } from './k-grouped-stream.ts'
import type { KGroupedTable } from './k-grouped-table.ts'
import type { KStream } from './k-stream.ts'
import type { KTable } from './k-table.ts'
import type { StreamState, TableState } from './stream-state.ts'

export interface Faces {
  stream(state: StreamState): KStream<any, any>
  table(state: TableState): KTable<any, any, any>
  groupedStream(state: GroupedState): KGroupedStream<any, any>
  groupedTable(state: GroupedTableState): KGroupedTable<any, any>
}
