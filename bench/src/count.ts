/** npm run bench:count — count by key (100 000 keys) with a changelog, in memory and on LevelDB, beside a hand-written loop. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { levelStores } from '@millrace/store-level'
import { withoutArguments } from '@millrace/testing/internal'
import { bytes, int64, keyValueStore, string, StreamsBuilder, topic } from 'millrace'
import { encodedBatches } from './batches.ts'
import { handWrittenCount } from './ceiling.ts'
import { frameworkLoop } from './framework-loop.ts'
import { measure, print } from './measure.ts'

const records = 200_000
const batches = encodedBatches(records)

function count(type: 'memory' | 'disk'): StreamsBuilder {
  const builder = new StreamsBuilder()
  builder
    .stream(topic('in', { key: string(), value: bytes() }))
    .groupByKey()
    .count({ store: keyValueStore('counts', { type, key: string(), value: int64(), caching: true }) })
    .toStream()
    .to(topic('out', { key: string(), value: int64() }))
  return builder
}

async function onLevel(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  await using stores = levelStores({ directory })
  await using engine = await stores.open('0_0')
  await frameworkLoop(count('disk'), { batches, engine, commitEvery: 50_000 })
  await engine.close()
  await stores.close()
  rmSync(directory, { recursive: true, force: true })
}

await withoutArguments('bench:count', async () => {
  print(
    `count by key, ${records} records, 100 000 keys, Node ${process.versions.node}`,
    await measure(
      [
        { name: 'hand-written: Map, changelog and output', run: () => void handWrittenCount(batches) },
        {
          name: 'task, store in memory',
          run: async () => void (await frameworkLoop(count('memory'), { batches, commitEvery: 50_000 })),
        },
        { name: 'task, store on LevelDB', run: onLevel },
      ],
      records,
      7,
    ),
  )
})
