/**
 * How much state windows leave behind: one hour of event time through one-minute windows, counted after each commit.
 *
 * A store may hold the windows of its retention and of one segment, nothing else: 500 keys, retention 60 s (window, no
 * grace) and a segment of 60 s make 3 windows and 1 500 rows at most, where an hour makes 60 windows and 30 000 rows.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BuiltTopology, internalTopicConfig, memoryEngine } from '@millrace/core/internal'
import type { StoreEngine } from '@millrace/core/port'
import { levelStores } from '@millrace/store-level'
import {
  bytes,
  int64,
  json,
  type KStream,
  session,
  sessionStore,
  string,
  StreamsBuilder,
  topic,
  tumbling,
  windowStore,
} from 'millrace'
import { batchesOf } from './batches.ts'
import { frameworkLoop } from './framework-loop.ts'

const keys = 500
const minutes = 60
const baseMs = 1_700_000_040_000
/** Each key once in 10 s; a commit every 30 s of event time. */
const stepMs = 10_000 / keys
const records = (minutes * 60_000) / stepMs
const commitEvery = 30_000 / stepMs

const input = batchesOf(records, (i) => ({
  key: `k${i % keys}`,
  timestampMs: baseMs + Math.floor(i * stepMs),
  value: 'v',
}))

type Type = 'memory' | 'disk'
type Source = KStream<string, Uint8Array>

export interface StateFigure {
  readonly name: string
  /** Greatest number of rows in the engine after a commit. */
  readonly rows: number
  /** Greatest number of bytes of those rows, keys included. */
  readonly bytes: number
  /** Files of LevelDB at the end, after a compaction; 0 in memory. */
  readonly fileBytes: number
  /** Rows that the retention and one segment allow. */
  readonly rowsAllowed: number
  /** How the changelog lets go: policy and retention of the topic, as Kafka has them. */
  readonly changelog: string
}

interface Case {
  readonly name: string
  readonly rowsAllowed: number
  /** A stream join: its stores are on disk and never cached. */
  readonly isJoin?: true
  define(source: Source, type: Type): void
}

const keyed = { key: string(), value: int64() }
const cases: readonly Case[] = [
  {
    name: 'count, tumbling 1 min',
    rowsAllowed: 3 * keys,
    define: (source, type) => {
      const store = windowStore('state', { ...keyed, type, windowSize: '1m', retention: '1m' })
      void source.groupByKey().windowedBy(tumbling('1m')).count({ store })
    },
  },
  {
    // Sessions of 4 s, one record each: 6 per key and minute, kept 60 s after their end, segments of 60 s.
    name: 'count, session 4 s',
    rowsAllowed: 13 * keys,
    define: (source, type) => {
      const store = sessionStore('state', { ...keyed, type, retention: '1m' })
      void source.groupByKey().windowedBy(session('4s')).count({ store })
    },
  },
  {
    // Both sides keep each record for 60 s: 6 per key and side.
    name: 'stream-stream join, 30 s',
    rowsAllowed: 2 * 13 * keys,
    isJoin: true,
    define: (source) => {
      source
        .join(
          source.filter(() => true),
          (left, right) => left.length + right.length,
          { within: '30s' },
        )
        .to(topic('out', { key: string(), value: json<number>() }))
    },
  },
]

async function rowsOf(engine: StoreEngine): Promise<{ rows: number; bytes: number }> {
  let rows = 0
  let size = 0
  for await (const { key, value } of engine.range({})) {
    // The third byte is the kind of the row: 0 = of a store, else times and the like.
    if (key[2] !== 0) continue
    rows++
    size += key.length + value.length
  }
  return { rows, bytes: size }
}

function changelogOf(topology: BuiltTopology): string {
  const topics = topology.internalTopics.filter(({ kind }) => kind === 'changelog')
  const policies = topics.map((one) => {
    const config = internalTopicConfig(one, { topicConfig: {}, additionalRetentionMs: 86_400_000 })
    return `${config['cleanup.policy']}, ${Number(config['retention.ms']) / 60_000} min`
  })
  return [...new Set(policies)].join('; ')
}

async function measured(one: Case, type: Type, engine: StoreEngine, caching: boolean): Promise<StateFigure> {
  const builder = new StreamsBuilder()
  one.define(builder.stream(topic('in', { key: string(), value: bytes() })), type)
  const memory = memoryEngine('memory')
  const most = { rows: 0, bytes: 0 }
  await frameworkLoop(builder, {
    batches: input,
    engine,
    memory,
    commitEvery,
    cacheBytes: caching ? 10 * 1024 * 1024 : 0,
    committed: async () => {
      const held = await rowsOf(type === 'memory' ? memory : engine)
      most.rows = Math.max(most.rows, held.rows)
      most.bytes = Math.max(most.bytes, held.bytes)
    },
  })
  await engine.compact({})
  return {
    name: `${one.name}, ${type === 'memory' ? 'memory' : 'LevelDB'}${caching ? ', cached' : ''}`,
    ...most,
    fileBytes: type === 'memory' ? 0 : engine.stats().diskBytes,
    rowsAllowed: one.rowsAllowed,
    changelog: changelogOf(builder.build().build({}) as BuiltTopology),
  }
}

/** All cases in memory and on LevelDB, the aggregations also behind a cache. */
export async function stateFigures(): Promise<StateFigure[]> {
  const figures: StateFigure[] = []
  for (const one of cases) {
    for (const type of one.isJoin === true ? (['disk'] as const) : (['memory', 'disk'] as const)) {
      for (const caching of one.isJoin === true ? [false] : [false, true]) {
        const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
        await using stores = levelStores({ directory })
        figures.push(await measured(one, type, await stores.open('0_0'), caching))
        await stores.close()
        rmSync(directory, { recursive: true, force: true })
      }
    }
  }
  return figures
}
