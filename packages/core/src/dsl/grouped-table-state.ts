/** Behind a grouped table: its changes, re-keyed, on their way into a repartition topic. */
import { changeSerde } from './change-serde.ts'
import { PlanNode } from './plan-node.ts'
import type { StreamState } from './stream-state.ts'

export interface GroupedTableState extends Omit<StreamState, 'repartitionRequired'> {
  readonly groupName: string | null
}

/** Names of the nodes around the repartition topic of one aggregation. */
export interface ChangeTopicNames {
  readonly topic: string
  readonly sinkName: string
  readonly sourceName: string
}

/** One grouping of a table. A named repartition topic is made once and shared by its aggregations. */
export class TableGrouping {
  readonly state: GroupedTableState
  #repartition: PlanNode | null = null

  constructor(state: GroupedTableState) {
    this.state = state
  }

  /** The node that an aggregation hangs below. */
  input(names: ChangeTopicNames): PlanNode {
    const { plan, node, groupName } = this.state
    if (this.#repartition === null || groupName === null) this.#repartition = this.#changeTopic(names)
    plan.add(node, this.#repartition)
    return this.#repartition
  }

  #changeTopic({ topic, sinkName, sourceName }: ChangeTopicNames): PlanNode {
    const { key } = this.state
    const value = changeSerde(this.state.value)
    return new PlanNode(sourceName, (builder, parents) => {
      builder.addRepartitionTopic(topic, null)
      builder.addSink(sinkName, parents, { topic, key, value })
      builder.addSource(sourceName, { topics: [topic], key, value, timestampExtractor: 'fail' })
    })
  }
}
