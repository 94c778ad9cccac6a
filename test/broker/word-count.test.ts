/** The main job on real Kafka, newest and previous line: right counts, also after kill -9 in the middle. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countsOf, recount, sampleText, startWordCount } from '../word-count/run-word-count.ts'
import { missing, type RealKafka, startKafka, versions } from './real-kafka.ts'

for (const version of versions) {
  describe.runIf(missing === null)(`word count on Kafka ${version}`, () => {
    let kafka: RealKafka
    let directory = ''
    beforeAll(async () => {
      kafka = await startKafka(version)
      directory = mkdtempSync(join(tmpdir(), 'millrace-word-count-kafka-'))
    }, 180_000)
    afterAll(async () => {
      await kafka[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    })

    it('creates its topics, counts, is killed, goes on, and ends with the counts of a plain recount', async () => {
      const text = sampleText(60_000, 3)
      const path = join(directory, 'text')
      writeFileSync(path, text)
      const args = ['--json', '--kafka', kafka.bootstrap, '--state', join(directory, 'state'), path]
      for (const delayMs of [1_500, 2_500]) {
        const { child, ended } = startWordCount(args)
        const timer = setTimeout(() => child.kill('SIGKILL'), delayMs)
        await ended
        clearTimeout(timer)
      }
      expect(countsOf(await startWordCount(args).ended)).toEqual(recount(text))
      rmSync(join(directory, 'state'), { recursive: true, force: true })
      expect(countsOf(await startWordCount(args).ended)).toEqual(recount(text))
    }, 240_000)
  })
}
