/** Whether a store can be asked as a kind of store (Kafka: `QueryableStoreType.accepts`), and what its rows then look like. */
import { ConfigError, type StoreKind } from '@millrace/core'
import type { ViewedStore } from './store-views.ts'
import type { QueryableStoreType } from './views.ts'

type Family = 'key-value' | 'window' | 'session' | 'versioned'
type Shape = 'plain' | 'timestamped' | 'headers'

interface Kind {
  /** Null: kept by an operator for itself. */
  readonly family: Family | null
  readonly shape: Shape
}

const kind = (family: Family | null, shape: Shape = 'plain'): Kind => ({ family, shape })

/** The rows of each kind of store. */
const kinds: Readonly<Record<StoreKind, Kind>> = {
  'key-value': kind('key-value'),
  'timestamped-key-value': kind('key-value', 'timestamped'),
  'headers-key-value': kind('key-value', 'headers'),
  lru: kind('key-value'),
  subscription: kind('key-value', 'timestamped'),
  window: kind('window'),
  'timestamped-window': kind('window', 'timestamped'),
  'headers-window': kind('window', 'headers'),
  session: kind('session'),
  'headers-session': kind('session'),
  versioned: kind('versioned'),
  'suppress-buffer': kind(null),
  'join-buffer': kind(null),
  'outer-join-buffer': kind(null),
}

const shapes: readonly Shape[] = ['plain', 'timestamped', 'headers']

/** What a handle of this kind is asked for. */
export function typeOfHandle(given: StoreKind): QueryableStoreType {
  if (given === 'lru') return 'key-value'
  return given === 'headers-session' ? 'session' : (given as QueryableStoreType)
}

/**
 * The store under the face that was asked for. A table's rows also answer without their timestamps.
 *
 * @throws {MR_RUNTIME_STORE_TYPE} (ConfigError) it is a store of another kind, or of an operator's own
 */
export function viewedAs(name: string, stored: StoreKind, asked: QueryableStoreType): ViewedStore {
  const rows = kinds[stored]
  const face = Object.hasOwn(kinds, asked) ? kinds[asked] : kind(null)
  const isServed =
    rows.family !== null && rows.family === face.family && shapes.indexOf(rows.shape) >= shapes.indexOf(face.shape)
  if (!isServed) {
    throw new ConfigError('MR_RUNTIME_STORE_TYPE', { store: name, kind: stored, asked, accepted: accepted(rows) })
  }
  return { name, type: asked, unwraps: face.shape === 'plain' && rows.shape !== 'plain' }
}

/** What can be asked of such rows, for texts. */
function accepted({ family, shape }: Kind): string {
  if (family === null) return 'nothing: an operator keeps it for itself'
  const served = shapes.slice(0, shapes.indexOf(shape) + 1)
  return served.map((each) => `type: '${each === 'plain' ? family : `${each}-${family}`}'`).join(' or ')
}
