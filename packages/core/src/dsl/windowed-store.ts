/**
 * Stores of windowed aggregations, for the three kinds of windows: how long they keep, and what else the windows ask of
 * them. Results only on close need a store that lists windows by time.
 */
import { TopologyError } from '../errors.ts'
import type { EmitStrategy } from '../operator/emit-on-close.ts'
import type { Serde } from '../serde/serde.ts'
import { sessionWindowed, timeWindowed } from '../serde/windowed.ts'
import type { StoreDefinition } from '../store/definition.ts'
import type { BuildSettings, StoreSpec } from '../topology/store-spec.ts'
import { type Windows, storeWindowSizeMs, windowRetentionMs } from '../window/retention.ts'
import { type Materialized, commonDefinition, keepsHeaders } from './materialized.ts'

/** After stream time has passed the end of a window by this, it is closed: what `suppress` waits for. */
export function windowGraceMs(windows: Windows): number {
  return windows.kind === 'session' ? windows.graceMs + windows.gapMs : windows.graceMs
}

/** Serde of the windowed keys; null where that of the plain keys is unknown. */
export function windowedKey(windows: Windows, key: Serde<unknown> | null): Serde<unknown> | null {
  if (key === null) return null
  if (windows.kind === 'session') return sessionWindowed(key) as Serde<unknown>
  return timeWindowed(key, storeWindowSizeMs(windows)) as Serde<unknown>
}

/** @throws {MR_TOPOLOGY_STORE_RETENTION} the store would forget windows that still take records */
export function windowedStore(windows: Windows, emit: EmitStrategy, materialized: Materialized): StoreSpec {
  const neededMs = windowRetentionMs(windows)
  const retentionMs = materialized.spec.retentionMs ?? neededMs
  if (retentionMs < neededMs)
    throw new TopologyError('MR_TOPOLOGY_STORE_RETENTION', { store: materialized.storeName, retentionMs, neededMs })
  const { supplier } = materialized.spec
  const timeOrdered = emit === 'close' && supplier === undefined
  const uncached = emit === 'close' && (windows.kind === 'sliding' || windows.kind === 'session')
  return {
    name: materialized.storeName,
    given: null,
    define(settings: BuildSettings): StoreDefinition {
      const common = commonDefinition(materialized, settings)
      const headers = keepsHeaders(materialized, common.type, settings)
      return {
        ...common,
        kind:
          windows.kind === 'session'
            ? headers
              ? 'headers-session'
              : 'session'
            : headers
              ? 'headers-window'
              : 'timestamped-window',
        retentionMs: supplier?.retentionMs ?? retentionMs,
        ...(windows.kind === 'session' ? {} : { windowSizeMs: supplier?.windowSizeMs ?? storeWindowSizeMs(windows) }),
        ...(supplier?.segmentIntervalMs === undefined ? {} : { segmentIntervalMs: supplier.segmentIntervalMs }),
        ...(supplier?.retainDuplicates === true ? { retainDuplicates: true } : {}),
        ...(timeOrdered ? { timeOrdered: true } : {}),
        ...(uncached ? { caching: false, cachingChosen: true } : {}),
      }
    },
  }
}
