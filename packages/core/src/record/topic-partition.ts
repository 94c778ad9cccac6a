/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Text of a partition as Kafka prints it: `orders-3`. Also the map key for partitions. */
export function formatTopicPartition(topic: string, partition: number): string {
  return `${topic}-${partition}`
}

/** One sub-topology on one partition number; written `0_3`. */
export interface TaskId {
  readonly subTopology: number
  readonly partition: number
}

export function formatTaskId(id: TaskId): string {
  return `${id.subTopology}_${id.partition}`
}
