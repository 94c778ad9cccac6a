/** Commands to stores, as texts in record values, and their answers (FORMAT.md, processors `kv`, `window` …). */
import {
  type KeyValue,
  type KeyValueStore,
  putRejected,
  type SessionStore,
  type VersionedKeyValueStore,
  type VersionedRecord,
  type Windowed,
  type WindowStore,
} from '@millrace/core'
import { encodeUtf8 } from '@millrace/core/internal'
import { UnknownSpec } from './java-errors.ts'
import { text } from './text.ts'

type Words = readonly string[]
/** A value in the shape that the store takes; the text `null` is null. */
type Wrap = (value: string) => unknown

const nullable = (word: string | undefined): string | null => (word === undefined || word === 'null' ? null : word)
const time = (word: string | undefined): number => Number(word)

function items(rows: Iterable<KeyValue<unknown, unknown>>): string {
  const each: string[] = []
  for (const { key, value } of rows) each.push(`${text(key)}=${text(value)}`)
  return `[${each.join(',')}]`
}

export function keyValueCommand(
  store: KeyValueStore<unknown, unknown>,
  words: Words,
  key: unknown,
  wrap: Wrap,
): string {
  const [command, one = '', two] = words
  switch (command) {
    case 'put':
      store.put(key, wrap(one))
      return 'ok'
    case 'putIfAbsent':
      return text(store.putIfAbsent(key, wrap(one)))
    case 'putAll':
      store.putAll(words.slice(1).map((pair) => [pair.split('=')[0], wrap(pair.split('=')[1] ?? '')] as const))
      return 'ok'
    case 'get':
      return text(store.get(key))
    case 'delete':
      return text(store.delete(key))
    case 'range':
      return items(store.range(nullable(one), nullable(two)))
    case 'reverseRange':
      return items(store.reverseRange(nullable(one), nullable(two)))
    case 'all':
      return items(store.all())
    case 'reverseAll':
      return items(store.reverseAll())
    case 'prefixScan':
      return items(store.prefixScan(encodeUtf8(one)))
    case 'count':
      return String(store.approximateCount())
    case 'name':
      return `${store.name} persistent=${store.persistent} open=${store.isOpen}`
    case undefined:
    default:
      throw new UnknownSpec(`kv command "${command}"`)
  }
}

export function windowCommand(store: WindowStore<unknown, unknown>, words: Words, key: unknown, wrap: Wrap): string {
  const [command, one = '', two, three, four] = words
  switch (command) {
    case 'put':
      store.put(key, wrap(one), time(two))
      return 'ok'
    case 'get':
      return text(store.fetchOne(key, time(one)))
    case 'fetch':
      return items(store.fetch(key, time(one), time(two)))
    case 'backwardFetch':
      return items(store.backwardFetch(key, time(one), time(two)))
    case 'fetchKeys':
      return items(store.fetchKeys(nullable(one), nullable(two), time(three), time(four)))
    case 'backwardFetchKeys':
      return items(store.backwardFetchKeys(nullable(one), nullable(two), time(three), time(four)))
    case 'fetchAll':
      return items(store.fetchAll(time(one), time(two)))
    case 'backwardFetchAll':
      return items(store.backwardFetchAll(time(one), time(two)))
    case 'all':
      return items(store.all())
    case 'backwardAll':
      return items(store.backwardAll())
    case undefined:
    default:
      throw new UnknownSpec(`window command "${command}"`)
  }
}

export function sessionCommand(store: SessionStore<unknown, unknown>, words: Words, key: unknown): string {
  const [command, one = '', two, three, four] = words
  const session = (startMs: number, endMs: number): Windowed<unknown> => ({ key, window: { startMs, endMs } })
  switch (command) {
    case 'put':
      store.put(session(time(two), time(three)), nullable(one))
      return 'ok'
    case 'remove':
      store.remove(session(time(one), time(two)))
      return 'ok'
    case 'fetchSession':
      return text(store.fetchSession(key, time(one), time(two)))
    case 'fetch':
      return items(store.fetch(key))
    case 'backwardFetch':
      return items(store.backwardFetch(key))
    case 'fetchKeys':
      return items(store.fetchKeys(nullable(one), nullable(two)))
    case 'backwardFetchKeys':
      return items(store.backwardFetchKeys(nullable(one), nullable(two)))
    case 'findSessions':
      return items(store.findSessions(key, time(one), time(two)))
    case 'backwardFindSessions':
      return items(store.backwardFindSessions(key, time(one), time(two)))
    case 'findSessionsKeys':
      return items(store.findSessionsKeys(nullable(one), nullable(two), time(three), time(four)))
    case 'backwardFindSessionsKeys':
      return items(store.backwardFindSessionsKeys(nullable(one), nullable(two), time(three), time(four)))
    case undefined:
    default:
      throw new UnknownSpec(`session command "${command}"`)
  }
}

export function versionedCommand(store: VersionedKeyValueStore<unknown, unknown>, words: Words, key: unknown): string {
  const [command, one = '', two] = words
  switch (command) {
    case 'put': {
      const answer = store.put(key, nullable(one), time(two))
      return answer === putRejected ? '-9223372036854775808' : String(answer)
    }
    case 'delete':
      return versionedText(store.delete(key, time(one)))
    case 'get':
      return versionedText(one === '' ? store.get(key) : store.get(key, time(one)))
    case undefined:
    default:
      throw new UnknownSpec(`versioned command "${command}"`)
  }
}

export function versionedText(version: VersionedRecord<unknown> | null): string {
  if (version === null) return 'null'
  return `${text(version.value)}@${version.timestampMs}..${version.validToMs ?? ''}`
}
