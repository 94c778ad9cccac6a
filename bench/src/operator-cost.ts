/**
 * What windows and joins cost beside an un-windowed count: the same records in the same run, stores without caching, so
 * that every record makes its update, its changelog record and its output.
 */
import {
  bytes,
  hopping,
  int64,
  type KStream,
  session,
  sliding,
  string,
  StreamsBuilder,
  topic,
  tumbling,
  type Windowed,
} from 'millrace'
import { batchesOf } from './batches.ts'
import { dataSets, h } from './data.ts'
import { frameworkLoop } from './framework-loop.ts'
import type { Candidate } from './measure.ts'

/** Records of one round. */
export const costRecords = 200_000
const keys = 10_000
const baseMs = 1_700_000_000_000
const value = dataSets['kv']?.record(1, 1).value ?? ''
const key = (i: number): string => `k${String(i).padStart(7, '0')}`

/** One record per millisecond over 10 000 keys: 200 s of event time, a key comes about every 10 s. */
const input = batchesOf(costRecords, (i) => ({ key: key(h(i, 1) % keys), timestampMs: baseMs + i, value }))
const tableRows = batchesOf(keys, (i) => ({ key: key(i), timestampMs: baseMs - 1, value }))

type Source = KStream<string, Uint8Array>
const plainKey = (windowed: KStream<Windowed<string>, number>): KStream<string, number> =>
  windowed.selectKey((_count, { key: plain }) => plain)

type Define = (source: Source, builder: StreamsBuilder) => KStream<string, number>

function candidate(name: string, define: Define, before: Readonly<Record<string, Uint8Array[]>> = {}): Candidate {
  const run = async (): Promise<void> => {
    const builder = new StreamsBuilder()
    const source = builder.stream(topic('in', { key: string(), value: bytes() }))
    define(source, builder).to(topic('out', { key: string(), value: int64() }))
    await frameworkLoop(builder, { batches: input, before, commitEvery: 50_000 })
  }
  return { name, run }
}

/** The first is the yardstick: an un-windowed count. */
export const costCandidates: readonly Candidate[] = [
  candidate('count', (source) => source.groupByKey().count().toStream()),
  candidate('count, tumbling 60 s', (source) =>
    plainKey(
      source
        .groupByKey()
        .windowedBy(tumbling('60s', { grace: '10s' }))
        .count()
        .toStream(),
    ),
  ),
  candidate('count, hopping, overlap 1', (source) =>
    plainKey(
      source
        .groupByKey()
        .windowedBy(hopping('10s', { advance: '10s' }))
        .count()
        .toStream(),
    ),
  ),
  candidate('count, hopping, overlap 5', (source) =>
    plainKey(
      source
        .groupByKey()
        .windowedBy(hopping('10s', { advance: '2s' }))
        .count()
        .toStream(),
    ),
  ),
  candidate('count, hopping, overlap 10', (source) =>
    plainKey(
      source
        .groupByKey()
        .windowedBy(hopping('10s', { advance: '1s' }))
        .count()
        .toStream(),
    ),
  ),
  candidate('count, sliding 10 s', (source) =>
    plainKey(source.groupByKey().windowedBy(sliding('10s')).count().toStream()),
  ),
  candidate('count, session 5 s', (source) =>
    source
      .groupByKey()
      .windowedBy(session('5s'))
      .count()
      .toStream()
      .map((count, { key: plain }) => [plain, count ?? 0]),
  ),
  candidate(
    'stream-table join',
    (source, builder) =>
      source.join(builder.table(topic('table', { key: string(), value: bytes() })), (left, right) => {
        return left.length + right.length
      }),
    { table: tableRows },
  ),
]
