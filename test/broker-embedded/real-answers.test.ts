/** The suites of answers on real brokers: what the embedded broker is held to is what Kafka does. */
import { kafkajsTransport } from '@millrace/transport-kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing, type RealKafka, startKafka, versions } from '../broker/real-kafka.ts'
import { adminAnswers } from './admin-answers.ts'
import { logAnswers } from './log-answers.ts'
import { oddAnswers } from './odd-answers.ts'
import { transactionAnswers } from './transaction-answers.ts'

for (const version of versions) {
  describe.skipIf(missing !== null)(`answers of Kafka ${version}`, () => {
    let kafka: RealKafka
    beforeAll(async () => {
      kafka = await startKafka(version)
    })
    afterAll(async () => kafka[Symbol.asyncDispose]())
    it('is there', () => {
      expect(kafka.bootstrap).toMatch(/:\d+$/)
    })
    const release = version.startsWith('3.') ? '3.9' : '4.x'
    adminAnswers(() => kafkajsTransport({ brokers: [kafka.bootstrap] }), release)
    logAnswers(() => kafkajsTransport({ brokers: [kafka.bootstrap] }), release)
    transactionAnswers(() => kafkajsTransport({ brokers: [kafka.bootstrap] }), release)
    oddAnswers(() => kafkajsTransport({ brokers: [kafka.bootstrap] }), release)
  })
}
