/** What ops of the DSL share: results by id, the function library's settings, the branches that `split` made. */
import { UnknownSpec } from './java-errors.ts'
import type { LibrarySettings } from './processor-suppliers.ts'
import type { StoreDefinitions } from './store-definitions.ts'
import type { Trace } from './trace.ts'

export class DslSurroundings {
  readonly trace: Trace
  readonly stores: StoreDefinitions
  readonly library: LibrarySettings
  /** Sorted keys of the result of each `split`. */
  readonly branches: string[][]
  private readonly results = new Map<string, unknown>()

  constructor(trace: Trace, stores: StoreDefinitions, branches: string[][]) {
    this.trace = trace
    this.stores = stores
    this.library = { trace, kindOf: stores.kindOf }
    this.branches = branches
  }

  bind(id: string | undefined, result: unknown): void {
    if (id !== undefined) this.results.set(id, result)
  }

  /** @throws UnknownSpec if no op has this id */
  ref(id: string): unknown {
    if (!this.results.has(id)) throw new UnknownSpec(`id "${id}"`)
    return this.results.get(id)
  }
}
