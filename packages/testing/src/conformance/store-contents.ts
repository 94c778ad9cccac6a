/** The content of a store as expectations list it. */
import type {
  KeyValue,
  KeyValueStore,
  SessionStore,
  StateStore,
  StoreDefinition,
  StoreKind,
  VersionedKeyValueStore,
  Windowed,
  WindowStore,
} from '@millrace/core'
import { headersJson } from './decoding.ts'
import { toJson } from './serdes.ts'
import { hex, isStored, longJson, type Stored } from './text.ts'
import type { StoreContent } from './vector.ts'

/** Names of the kinds in vectors; stores of other kinds are not listed. */
const kinds: Partial<Record<StoreKind, StoreContent['kind']>> = {
  'key-value': 'kv',
  lru: 'kv',
  'timestamped-key-value': 'timestamped-kv',
  'headers-key-value': 'headers-kv',
  window: 'window',
  'timestamped-window': 'timestamped-window',
  'headers-window': 'headers-window',
  session: 'session',
  'headers-session': 'headers-session',
  versioned: 'versioned',
}

/** Stores whose rows are private structures; they are only seen in their changelogs. */
const unlisted =
  /^(KTABLE-FK-JOIN-SUBSCRIPTION-STATE-STORE-\d+|.*-subscription-store|KSTREAM-OUTERSHARED-\d+-store|.*-(left|outer)-shared-join-store|.*-Buffer)$/

interface Row {
  readonly keyHex: string
  readonly startMs: number
  readonly endMs: number
  readonly entry: object
}

/** Undefined for stores that are not listed. */
export function storeContents(store: StoreDefinition, view: StateStore): StoreContent | undefined {
  const kind = listedKind(store)
  if (kind === undefined || unlisted.test(store.name)) return undefined
  const rows = rowsOf(kind, view)
  if (rows.length > 0 && store.retainDuplicates === true && store.windowSizeMs === 0) return undefined
  rows.sort(compareRows)
  // A window store with headers in which no row has a time is, in Kafka, a plain one behind an adapter.
  if (kind === 'headers-window' && rows.every(({ entry }) => (entry as { readonly ts?: number }).ts === -1)) {
    const plain = rows.map(({ entry }) => ({ ...entry, ts: undefined }))
    return { kind: 'window', entries: plain } as unknown as StoreContent
  }
  return { kind, entries: rows.map((row) => row.entry) } as StoreContent
}

/** Kafka lists a stream join's store with timestamps as one with headers. */
function listedKind({ kind, logRecordHeaders }: StoreDefinition): StoreContent['kind'] | undefined {
  return kind === 'timestamped-window' && logRecordHeaders === true ? 'headers-window' : kinds[kind]
}

function rowsOf(kind: StoreContent['kind'], view: StateStore): Row[] {
  switch (kind) {
    case 'versioned':
      return versionedRows(view as VersionedKeyValueStore<unknown, unknown>)
    case 'kv':
    case 'timestamped-kv':
    case 'headers-kv':
      return [...(view as KeyValueStore<unknown, unknown>).all()].map(keyValueRow)
    case 'window':
    case 'timestamped-window':
    case 'headers-window':
      return [...(view as WindowStore<unknown, unknown>).all()].map(windowedRow)
    case 'session':
    case 'headers-session':
      return [...(view as SessionStore<unknown, unknown>).fetchKeys(null, null)].map(windowedRow)
  }
}

function keyValueRow({ key, value }: KeyValue<unknown, unknown>): Row {
  const isWindowed = typeof key === 'object' && key !== null && 'window' in key
  const { startMs, endMs } = isWindowed ? (key as Windowed<unknown>).window : { startMs: 0, endMs: 0 }
  return { keyHex: keyHex(key), startMs, endMs, entry: { key: toJson(key), ...valueJson(value) } }
}

function windowedRow({ key, value }: KeyValue<Windowed<unknown>, unknown>): Row {
  const { startMs, endMs } = key.window
  const entry = { key: toJson(key.key), start: longJson(startMs), end: longJson(endMs), ...valueJson(value) }
  return { keyHex: keyHex(key.key), startMs, endMs, entry }
}

function versionedRows(store: VersionedKeyValueStore<unknown, unknown>): Row[] {
  return [...store.history()].map(({ key, value: version }) => {
    const { value, timestampMs, validToMs } = version
    const entry = {
      key: toJson(key),
      value: toJson(value),
      ts: timestampMs,
      ...(validToMs === null ? {} : { validTo: validToMs }),
    }
    return { keyHex: keyHex(key), startMs: timestampMs, endMs: 0, entry }
  })
}

function valueJson(value: unknown): object {
  if (!isStored(value)) return { value: toJson(value) }
  const { timestampMs, headers } = value as Stored
  const written = headers === undefined ? [] : headersJson(headers)
  return {
    value: toJson(value.value),
    ...(timestampMs === undefined ? {} : { ts: timestampMs }),
    ...(written.length > 0 ? { headers: written } : {}),
  }
}

/** Bytes of a key, as the library's serdes write it. */
function keyHex(key: unknown): string {
  if (typeof key === 'number') {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(BigInt(key))
    return bytes.toString('hex')
  }
  if (key instanceof Uint8Array) return hex(key)
  if (typeof key === 'object' && key !== null && 'window' in key) return keyHex((key as Windowed<unknown>).key)
  return Buffer.from(String(key), 'utf8').toString('hex')
}

function compareRows(a: Row, b: Row): number {
  return compareText(a.keyHex, b.keyHex) || compareNumber(a.startMs, b.startMs) || compareNumber(a.endMs, b.endMs)
}

/** Subtraction would make NaN of two endless windows. */
function compareNumber(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
