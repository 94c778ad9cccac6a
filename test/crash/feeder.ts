/** Writes numbered records to every partition, going on where the topic ends; says what is acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaClient } from 'millrace'
import { input, keyOf } from './plan.ts'

const recordsPerTurn = 40
const turnMs = 15

/**
 * Runs until `signal` aborts; resolves with the records per partition.
 *
 * @param onAcked called after each turn with the acknowledged records per partition
 */
export async function feed(
  client: KafkaClient,
  partitions: number,
  signal: AbortSignal,
  onAcked: (counts: number[]) => void,
): Promise<number[]> {
  const next = await endsOf(client, partitions)
  const writer = client.writer(input, { lingerMs: 0 })
  await writer.ready()
  while (!signal.aborted) {
    for (let partition = 0; partition < partitions; partition++) {
      let n = next[partition] ?? 0
      for (let i = 0; i < recordsPerTurn; i++, n++) writer.send(keyOf(partition, n), `${n}`, { partition })
      next[partition] = n
    }
    await writer.flush()
    onAcked([...next])
    await sleep(turnMs)
  }
  await writer.close()
  return next
}

export async function endsOf(client: KafkaClient, partitions: number): Promise<number[]> {
  const ends = Array<number>(partitions).fill(0)
  for (const { topic, partition, end } of await client.lag('nobody', [input.name])) {
    if (topic === input.name) ends[partition] = end
  }
  return ends
}
