/** The embedded broker answers as real brokers do: the suites that also run on real Kafka. */
import { EmbeddedBroker } from '@millrace/broker'
import { afterAll, beforeAll, describe, it, expect } from 'vitest'
import { adminAnswers } from './admin-answers.ts'
import { logAnswers } from './log-answers.ts'
import { oddAnswers } from './odd-answers.ts'
import { transactionAnswers } from './transaction-answers.ts'

for (const version of ['3.9', '4.x'] as const) {
  describe(`answers of the embedded broker as ${version}`, () => {
    let broker: EmbeddedBroker
    beforeAll(async () => {
      const config = { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': 50 }
      broker = await EmbeddedBroker.start({ version, config })
    })
    afterAll(async () => broker.close())
    it('is there', () => {
      expect(broker.bootstrap).toMatch(/:\d+$/)
    })
    adminAnswers(() => broker.transport(), version)
    logAnswers(() => broker.transport(), version)
    transactionAnswers(() => broker.transport(), version)
    oddAnswers(() => broker.transport(), version)
  })
}
