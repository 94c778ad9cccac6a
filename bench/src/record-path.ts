/** npm run bench:record-path — the record path without a broker, per stage and whole, beside hand-written loops. */
import { withoutArguments } from '@millrace/testing/internal'
import { bytes, StreamsBuilder, topic } from 'millrace'
import { decodeAll, encodedBatches } from './batches.ts'
import { handWrittenPassThrough } from './ceiling.ts'
import { frameworkLoop } from './framework-loop.ts'
import { measure, print } from './measure.ts'

const records = 200_000
const batches = encodedBatches(records)
const raw = { key: bytes(), value: bytes() }

function passThrough(operators: number): StreamsBuilder {
  const builder = new StreamsBuilder()
  let stream = builder.stream(topic('in', raw))
  for (let i = 1; i < operators; i++) stream = stream.mapValues((value) => value)
  stream.filter(() => true).to(topic('out', raw))
  return builder
}

const loop = (operators: number) => async (): Promise<void> => {
  await frameworkLoop(passThrough(operators), { batches, commitEvery: 100_000 })
}

await withoutArguments('bench:record-path', async () => {
  print(
    `record path, ${records} records of 100 bytes, Node ${process.versions.node}`,
    await measure(
      [
        { name: 'hand-written: decode, filter, encode', run: () => void handWrittenPassThrough(batches) },
        { name: 'stage: decode with keys and values', run: () => void decodeAll(batches) },
        { name: 'task: decode, filter, encode', run: loop(1) },
        { name: 'task: decode, 3 operators, encode', run: loop(3) },
      ],
      records,
      9,
    ),
  )
})
