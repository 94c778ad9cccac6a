/** What the compiler makes of `app.store`: the methods of a face are those of the store's kind, and no others. */
import {
  keyValueStore,
  lruStore,
  sessionStore,
  timestampedKeyValueStore,
  versionedStore,
  windowStore,
} from '@millrace/core'
import { int64, string, type ValueAndTimestamp, type VersionedRecord } from '@millrace/core'
import type { KeyValueView, SessionView, VersionedView, WindowView } from '@millrace/runtime'
import type { StreamsApp } from './streams-app.ts'

declare const app: StreamsApp
const serdes = { key: string(), value: int64() }
const counts = keyValueStore('counts', serdes)
const timed = timestampedKeyValueStore('timed', serdes)
const perMinute = windowStore('per-minute', { ...serdes, windowSize: '1m', retention: '1h' })
const visits = sessionStore('visits', { ...serdes, retention: '1h' })
const prices = versionedStore('prices', { ...serdes, historyRetention: '7d' })

export const byHandle: readonly [
  KeyValueView<string, number>,
  KeyValueView<string, ValueAndTimestamp<number>>,
  WindowView<string, number>,
  SessionView<string, number>,
  VersionedView<string, number>,
  KeyValueView<string, number>,
] = [
  app.store(counts),
  app.store(timed),
  app.store(perMinute, { stale: true }),
  app.store(visits),
  app.store(prices, { partition: 0 }),
  app.store(lruStore('recent', { ...serdes, entriesMax: 9 })),
]
export const byName: readonly [
  KeyValueView<string, number>,
  KeyValueView<unknown, unknown>,
  KeyValueView<string, ValueAndTimestamp<number>>,
  WindowView<string, number>,
  WindowView<string, ValueAndTimestamp<number>>,
  SessionView<string, number>,
  VersionedView<string, number>,
] = [
  app.store<string, number>('counts'),
  app.store('counts', { stale: true }),
  app.store<string, number>('timed', { type: 'timestamped-key-value' }),
  app.store<string, number>('per-minute', { type: 'window' }),
  app.store<string, number>('per-minute', { type: 'timestamped-window' }),
  app.store<string, number>('visits', { type: 'session' }),
  app.store<string, number>('prices', { type: 'versioned' }),
]
export const values: readonly [Promise<number | null>, Promise<VersionedRecord<number> | null>] = [
  app.store(counts).get('word'),
  app.store(prices).get('word', 5),
]

// @ts-expect-error a key-value store has no windows
app.store(counts).fetch('word', 0, 1)
// @ts-expect-error nor sessions
app.store<string, number>('counts').findSessions('word', 0, 1)
// @ts-expect-error a window is asked for with its start
app.store(perMinute).get('word')
// @ts-expect-error a window store has no range of keys without times
app.store(perMinute).range(null, null)
// @ts-expect-error a session store has no counts
app.store(visits).approximateCount()
// @ts-expect-error a versioned store cannot be listed by key
app.store(prices).all()
// @ts-expect-error the keys are strings
app.store(counts).get(5)
// @ts-expect-error values of a timestamped store are not numbers
export const bare: Promise<number | null> = app.store(timed).get('word')
// @ts-expect-error there is no such kind of store
app.store('counts', { type: 'table' })
// @ts-expect-error there is no such option
app.store(counts, { stales: true })
// @ts-expect-error a handle brings its kind
app.store(counts, { type: 'window' })
// @ts-expect-error the key is a string
void app.queryMetadataForKey(counts, 5)
