/** One door to all kinds of stores. */
import { TopologyError } from '../errors.ts'
import type { StoreDefinition, StoreKind } from './definition.ts'
import type { LiveStore, StoreHost } from './host.ts'
import { openJoinBuffer } from './join-buffer.ts'
import { openKeyValueStore } from './key-value-store.ts'
import { openOuterJoinBuffer } from './outer-join-buffer.ts'
import { openSessionStore } from './session-store.ts'
import { openSuppressBuffer } from './suppress-buffer.ts'
import { openVersionedStore } from './versioned-store.ts'
import { openWindowStore } from './window-store.ts'

type Open = (definition: StoreDefinition<never, never>, host: StoreHost) => LiveStore

const openers: Partial<Record<StoreKind, Open>> = {
  'key-value': openKeyValueStore as Open,
  'timestamped-key-value': openKeyValueStore as Open,
  'headers-key-value': openKeyValueStore as Open,
  lru: openKeyValueStore as Open,
  subscription: openKeyValueStore as Open,
  window: openWindowStore as Open,
  'timestamped-window': openWindowStore as Open,
  'headers-window': openWindowStore as Open,
  session: openSessionStore as Open,
  'headers-session': openSessionStore as Open,
  versioned: openVersionedStore as Open,
  'suppress-buffer': openSuppressBuffer as Open,
  'join-buffer': openJoinBuffer as Open,
  'outer-join-buffer': openOuterJoinBuffer as Open,
}

/**
 * Opens a store inside a task. `load` must have resolved before the first call of the view.
 *
 * @throws {MR_STORE_SERDE} (ConfigError) a serde is still missing
 * @throws {MR_STORE_DEFINITION} (TopologyError) the definition is impossible
 */
export function openStore(definition: StoreDefinition<never, never>, host: StoreHost): LiveStore {
  const open = openers[definition.kind]
  if (open === undefined) {
    throw new TopologyError('MR_STORE_DEFINITION', {
      store: definition.name,
      reason: `unknown kind ${definition.kind}`,
    })
  }
  return open(definition, host)
}
