/** What a test imports: real Kafka without Docker; more below as it is built. */
export { missingForKafka } from './kafka-cluster/jars.ts'
export { KafkaCluster, type KafkaClusterOptions, kafkaVersions } from './kafka-cluster/kafka-cluster.ts'
