/** The operator of a windowed aggregation, by the kind of its windows. */
import type { EmitStrategy } from '../operator/emit-on-close.ts'
import { aggregateSessions } from '../operator/session-aggregate.ts'
import { aggregateSlidingWindows } from '../operator/sliding-window-aggregate.ts'
import type { TableSupplier } from '../operator/table-supplier.ts'
import { aggregateWindows } from '../operator/window-aggregate.ts'
import type { WindowFold } from '../operator/window-fold.ts'
import type { Windows } from '../window/retention.ts'

/** @throws {MR_WINDOW_EMIT} unlimited windows never close */
export function windowedSupplier(
  windows: Windows,
  emit: EmitStrategy,
  { store, fold }: { store: string; fold: WindowFold<any, any, any> & { readonly sharesStore?: boolean } },
): TableSupplier<any, any> {
  const { init, add, sharesStore = false } = fold
  switch (windows.kind) {
    case 'session':
      return aggregateSessions({ store, windows, emit, ...fold })
    case 'sliding':
      return aggregateSlidingWindows({ store, windows, emit, init, add, sharesStore })
    case 'time':
    case 'unlimited':
      return aggregateWindows({ store, windows, emit, init, add, sharesStore })
  }
}
