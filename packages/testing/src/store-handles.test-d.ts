/** What the compiler makes of a handle given to a processor's context or to the test driver: the store of its kind. */
import {
  headersKeyValueStore,
  int64,
  keyValueStore,
  type KeyValueStore,
  lruStore,
  type ProcessorContext,
  type SessionStore,
  sessionStore,
  type StateStore,
  type StoreHandle,
  string,
  timestampedKeyValueStore,
  timestampedWindowStore,
  type ValueAndTimestamp,
  type ValueTimestampHeaders,
  type VersionedKeyValueStore,
  versionedStore,
  type WindowStore,
  windowStore,
} from '@millrace/core'
import type { TopologyTestDriver } from './index.ts'

declare const context: ProcessorContext<string, string>
declare const driver: TopologyTestDriver
declare const anyKind: StoreHandle<string, number>

const serdes = { key: string(), value: int64() }
const long = { ...serdes, windowSize: '1m', retention: '1h' } as const
const counts = keyValueStore('counts', serdes)
const perMinute = windowStore('per-minute', long)
const visits = sessionStore('visits', { ...serdes, retention: '1h' })
const prices = versionedStore('prices', { ...serdes, historyRetention: '7d' })

export const inProcessors: readonly [
  KeyValueStore<string, number>,
  KeyValueStore<string, number>,
  KeyValueStore<string, ValueAndTimestamp<number>>,
  KeyValueStore<string, ValueTimestampHeaders<number>>,
  WindowStore<string, number>,
  WindowStore<string, ValueAndTimestamp<number>>,
  SessionStore<string, number>,
  VersionedKeyValueStore<string, number>,
] = [
  context.getStateStore(counts),
  context.getStateStore(lruStore('recent', { ...serdes, entriesMax: 9 })),
  context.getStateStore(timestampedKeyValueStore('timed', serdes)),
  context.getStateStore(headersKeyValueStore('heads', serdes)),
  context.getStateStore(perMinute),
  context.getStateStore(timestampedWindowStore('timed-windows', long)),
  context.getStateStore(visits),
  context.getStateStore(prices),
]

export const inDriver: readonly [
  KeyValueStore<string, number>,
  WindowStore<string, number>,
  SessionStore<string, number>,
  VersionedKeyValueStore<string, number>,
] = [driver.store(counts), driver.store(perMinute), driver.store(visits), driver.store(prices)]
driver.store(perMinute).fetch('word', 0, 1)

export const byName: readonly [KeyValueStore<number, bigint>, StateStore, KeyValueStore<string, string>, StateStore] = [
  context.getStateStore<KeyValueStore<number, bigint>>('counts'),
  context.getStateStore('counts'),
  driver.store<KeyValueStore<string, string>>('counts'),
  context.getStateStore(anyKind),
]

// @ts-expect-error the keys are strings and the values numbers
export const wrong: KeyValueStore<number, bigint> = context.getStateStore(counts)
// @ts-expect-error a key-value store has no windows
driver.store(counts).fetch('word', 0, 1)
// @ts-expect-error keys are strings
driver.store(counts).get(5)
// @ts-expect-error a window store's put has a start
context.getStateStore(perMinute).put('word', 1)
// @ts-expect-error sessions are looked up by their ends
context.getStateStore(visits).get('word')
