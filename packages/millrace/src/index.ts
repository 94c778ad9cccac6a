/** What people install: the DSL, the application, the embedded broker, and a plain client. */
export { EmbeddedBroker, type EmbeddedBrokerOptions } from '@millrace/broker'
export * from '@millrace/core'
export { KafkaClient, type KafkaClientOptions, type PartitionLag, type TopicSettings } from './client/kafka-client.ts'
export type { ReaderOptions, ReadRecord } from './client/topic-reader.ts'
export type { SendRecordOptions, TopicWriter, WriterOptions } from './client/topic-writer.ts'
export type { KafkaTarget } from './transport-of.ts'
