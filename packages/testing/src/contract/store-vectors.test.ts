/** The JVM's answers to store commands (test/conformance/streams/store-commands), asked of a store without a task around it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Header,
  int64,
  type Serde,
  type StateStore,
  type StoreDefinition,
  type StoreKind,
  string,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { keyValueCommand, sessionCommand, versionedCommand, windowCommand } from '../conformance/store-commands.ts'
import { hex, text } from '../conformance/text.ts'
import { type HostedStore, hostedStore } from './hosted-store.ts'

interface StoreVector {
  readonly topology: readonly Readonly<Record<string, never>>[]
  readonly steps: readonly {
    readonly pipe: { key: string; value: string; ts: number; headers?: [string, string | null][] }
  }[]
  readonly expect: {
    readonly error?: unknown
    readonly output: Record<
      string,
      readonly { key?: string; keyHex?: string; value?: string; valueHex?: string; ts: number }[]
    >
    readonly stores?: Record<string, { readonly entries: readonly Record<string, unknown>[] }>
    readonly metrics: Record<string, number>
  }
}

const kinds: Record<string, StoreKind> = {
  kv: 'key-value',
  lru: 'lru',
  'timestamped-kv': 'timestamped-key-value',
  'headers-kv': 'headers-key-value',
  versioned: 'versioned',
  window: 'window',
  'timestamped-window': 'timestamped-window',
  session: 'session',
}
const folder = join(import.meta.dirname, '../../../../test/conformance/streams/store-commands')

describe("stores answer as Kafka's", () => {
  for (const file of readdirSync(folder).sort()) {
    const vector = JSON.parse(readFileSync(join(folder, file), 'utf8')) as StoreVector
    if (vector.expect.error !== undefined) continue
    it(file, async () => {
      const spec = vector.topology[0]?.['store'] as unknown as Readonly<Record<string, never>>
      const definition = definitionOf(spec)
      const store = await hostedStore<StateStore>(definition as never)
      const answers: string[] = []
      for (const { pipe } of vector.steps) {
        const headers: Header[] = (pipe.headers ?? []).map(([key, value]) => ({
          key,
          value: value === null ? null : new Uint8Array(Buffer.from(value)),
        }))
        store.at(pipe.ts, headers)
        answers.push(answer(store, definition, pipe.key, pipe.value.split(' ')))
        await store.commit()
      }
      expect(answers).toEqual(vector.expect.output['out']?.map((record) => record.value))
      const logged = vector.expect.output['app-s-changelog'] ?? []
      expect(store.changelog.map((r) => [hex(r.key), r.value && hex(r.value), r.timestampMs])).toEqual(
        logged.map((r) => [r.keyHex ?? textHex(r.key), r.valueHex ?? textHex(r.value), r.ts]),
      )
      expect(store.droppedRecords).toBe(vector.expect.metrics['dropped-records-total'] ?? 0)
    })
  }
})

function serde(name: string | undefined): Serde<string> {
  return (name === 'long' ? int64() : string()) as Serde<string>
}

function definitionOf(spec: Readonly<Record<string, never>>): StoreDefinition<string, string> {
  const optional = (name: string, value: unknown): object => (value === undefined ? {} : { [name]: value })
  const kind = kinds[spec['kind'] as unknown as string] as StoreKind
  return {
    kind,
    name: 's',
    key: serde(spec['keySerde']),
    value: serde(spec['valueSerde']),
    type: spec['inMemory'] === true || kind === 'lru' ? 'memory' : 'disk',
    caching: spec['caching'] === true,
    logging: true,
    ...optional('retentionMs', spec['retention']),
    ...optional('windowSizeMs', spec['windowSize']),
    ...optional('retainDuplicates', spec['retainDuplicates']),
    ...optional('historyRetentionMs', spec['historyRetention']),
    ...optional('entriesMax', spec['maxEntries']),
  }
}

function answer(
  store: HostedStore<StateStore>,
  definition: StoreDefinition<string, string>,
  key: string,
  words: string[],
): string {
  const { timestampMs, headers } = store.current
  const wrap = (value: string): unknown => {
    if (value === 'null') return null
    if (definition.kind.startsWith('timestamped-')) return { value, timestampMs }
    return definition.kind.startsWith('headers-') ? { value, timestampMs, headers } : value
  }
  const view = store.view as never
  if (definition.kind === 'versioned') return versionedCommand(view, words, key)
  if (definition.kind.endsWith('window')) return windowCommand(view, words, key, wrap)
  return definition.kind === 'session' ? sessionCommand(view, words, key) : keyValueCommand(view, words, key, wrap)
}

function textHex(value: string | null | undefined): string | null {
  return value === null || value === undefined ? null : hex(new Uint8Array(Buffer.from(text(value))))
}
