/**
 * Where the tests that need a real Kafka find one: an address in MILLRACE_KAFKA, else jars from Maven (Java 17 and Maven),
 * else a container when Docker answers. Without any of them the suites say so and are skipped; with CI=true they fail.
 */
import { KafkaContainer } from '@testcontainers/kafka'
import { kafkaVersions, KafkaCluster, missingForKafka } from '@millrace/testing'
import { getContainerRuntimeClient } from 'testcontainers'

export interface RealKafka extends AsyncDisposable {
  readonly bootstrap: string
  /** Present when the brokers run from jars and can be killed and restarted. */
  readonly cluster?: KafkaCluster
}

export const versions: readonly string[] = [kafkaVersions.newest, kafkaVersions.previous]

const given = process.env['MILLRACE_KAFKA']
const dockerAnswers = async (): Promise<boolean> => {
  try {
    await getContainerRuntimeClient()
    return true
  } catch {
    return false
  }
}

/** Why there is no real Kafka here, or null when there is one. */
export const missing: string | null =
  given !== undefined || missingForKafka() === null || (await dockerAnswers())
    ? null
    : `${missingForKafka()}, MILLRACE_KAFKA is not set, and Docker does not answer`

if (missing !== null) {
  if (process.env['CI'] === 'true') throw new Error(`real Kafka must be tested here, but: ${missing}`)
  console.warn(`SKIPPED: tests on a real Kafka, because ${missing}`)
}

export async function startKafka(version: string, brokers = 1): Promise<RealKafka> {
  if (given !== undefined) return { bootstrap: given, [Symbol.asyncDispose]: async () => undefined }
  if (missingForKafka() === null) {
    const cluster = await KafkaCluster.start({ version, brokers })
    return { bootstrap: cluster.bootstrap, cluster, [Symbol.asyncDispose]: () => cluster.close() }
  }
  const container = await new KafkaContainer(`apache/kafka:${version}`).withKraft().start()
  return {
    bootstrap: `${container.getHost()}:${container.getMappedPort(9093)}`,
    [Symbol.asyncDispose]: async () => void (await container.stop()),
  }
}
