/** Every workload through the test driver: its output has the reference's checksums. */
import { TopologyTestDriver } from '@millrace/testing'
import { expect, it } from 'vitest'
import { OutputChecksum } from './checksum.ts'
import { type DataRecord, dataSets } from './data.ts'
import { expectedOutput } from './expected.ts'
import { workloadTopology } from './workloads.ts'

const inputs: readonly (readonly [workload: string, n: number, ...sets: string[]])[] = [
  ['W1', 200_000, 'kv'],
  ['W1j', 200_000, 'kv'],
  ['W2', 100_000, 'bids'],
  ['W3', 200_000, 'kv'],
  ['W3z', 100_000, 'kvz'],
  ['W4', 100_000, 'kw'],
  ['W4j', 100_000, 'kw'],
  ['W5', 100_000, 'bids'],
  ['W5t', 200_000, 'ev'],
  ['W6', 100_000, 'bids', 'items'],
  ['W7', 100_000, 'persons', 'sales'],
  ['W8', 100_000, 'bids'],
  ['W9', 200_000, 'ev'],
]

/** Records of several sets, oldest first, as tasks of one partition would take them. */
function* merged(names: readonly string[], n: number): Generator<readonly [set: number, record: DataRecord]> {
  const sets = names.map((name) => dataSets[name] ?? expect.fail(`no data set ${name}`))
  const next = sets.map(() => 0)
  for (;;) {
    const heads = sets.map((set, i) => (next[i]! < set.count(n) ? set.record(next[i]!, n) : undefined))
    let oldest = -1
    for (const [i, head] of heads.entries()) {
      if (head !== undefined && (oldest < 0 || head.timestampMs < heads[oldest]!.timestampMs)) oldest = i
    }
    if (oldest < 0) return
    next[oldest]!++
    yield [oldest, heads[oldest]!]
  }
}

for (const [workload, n, ...sets] of inputs) {
  it(`${workload} of ${n} records gives the reference's output`, () => {
    const input = sets.map((_, i) => `input-${i}`)
    const topology = workloadTopology(workload, { input, output: 'output', store: 'memory' })
    if (topology === undefined) expect.fail('no such workload')
    using driver = new TopologyTestDriver(topology, { statestoreCacheMaxBytes: 0 })
    const sums = new OutputChecksum()
    for (const [set, { key, value, timestampMs }] of merged(sets, n)) {
      driver.pipeRaw(input[set]!, { key: Buffer.from(key), value: Buffer.from(value), timestampMs })
      for (const record of driver.readRaw('output')) sums.add(record.key, record.value, record.timestampMs ?? -1)
    }
    const summary = sums.summary()
    const expected = expectedOutput(workload, n) ?? expect.fail('no reference')
    expect(summary.records).toBe(expected.records)
    expect(summary.checksum).toBe(expected.checksum)
    if (expected.checksumTs !== null) expect(summary.checksumTs).toBe(expected.checksumTs)
    if (expected.table !== null) expect([summary.tableKeys, summary.tableChecksum]).toEqual(expected.table)
  }, 120_000)
}
