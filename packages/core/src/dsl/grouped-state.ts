/** Behind a grouped stream: where its records come from, through a repartition topic or directly. */
import type { Serde } from '../serde/serde.ts'
import type { PlanNode } from './plan-node.ts'
import type { RepartitionPlanNode } from './repartition-node.ts'
import { type StreamState, repartitionNode } from './stream-state.ts'

export interface GroupedState extends StreamState {
  /** Name of the repartition topic, if the user gave one. */
  readonly groupName: string | null
}

/** What an aggregation reads. */
export interface GroupedInput {
  readonly node: PlanNode
  readonly sources: ReadonlySet<string>
}

/**
 * One grouping, which may be aggregated several times. A named repartition topic is made once and shared; unnamed ones
 * are called after each aggregation's store. Numbers are used up each time.
 */
export class Grouping {
  readonly state: GroupedState
  #repartition: RepartitionPlanNode | null = null

  constructor(state: GroupedState) {
    this.state = state
  }

  /**
   * @param store name of the store, and whether the user gave it
   * @param otherKey serde of the keys where this grouping knows none
   */
  input(
    store: { readonly storeName: string; readonly queryableName: string | null },
    otherKey: Serde<unknown> | null = null,
  ): GroupedInput {
    const { plan, node, sources, groupName, value, repartitionRequired } = this.state
    const key = this.state.key ?? otherKey
    if (!repartitionRequired) return { node, sources }
    const repartition = repartitionNode(plan, {
      name: groupName ?? store.storeName,
      key,
      value,
      optimizable: true,
      generated: groupName === null && store.queryableName === null,
    })
    if (this.#repartition === null || groupName === null) this.#repartition = repartition
    plan.add(node, this.#repartition)
    return { node: this.#repartition, sources: new Set([repartition.name]) }
  }
}
