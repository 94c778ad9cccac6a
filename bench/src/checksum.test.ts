import { expect, it } from 'vitest'
import { OutputChecksum } from './checksum.ts'
import { dataSets } from './data.ts'
import { expectedOutput } from './expected.ts'

it('sums a pass-through of 200 000 records to the reference', () => {
  const n = 200_000
  const kv = dataSets['kv'] ?? expect.fail('no data set kv')
  const sums = new OutputChecksum()
  for (let i = 0; i < n; i++) {
    const { key, value, timestampMs } = kv.record(i, n)
    sums.add(Buffer.from(key), Buffer.from(value), timestampMs)
  }
  const expected = expectedOutput('C3', n)
  expect(sums.summary()).toMatchObject({
    records: expected?.records,
    checksum: expected?.checksum,
    checksumTs: expected?.checksumTs,
  })
})
