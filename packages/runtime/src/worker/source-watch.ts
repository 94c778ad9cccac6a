/**
 * Notices that source topics have changed under a running application: a topic that a pattern matches appeared or went,
 * or partitions were added. Looks every `metadataMaxAge`. The group then rebalances, and its leader plans anew (and says so if the plan is impossible).
 */
import { StreamsError } from '@millrace/core'
import { matchesTopic } from '@millrace/core/internal'
import { listTopics, monotonicMs } from '@millrace/protocol'
import type { AppContext } from './app-context.ts'
import { patternTopics } from './leader-cluster.ts'

export class SourceWatch {
  readonly #app: AppContext
  readonly #onChange: () => void
  #seen: string | null = null
  #lookedMs: number
  #looking = false

  /** @param onChange called after a look that found something else than the one before */
  constructor(app: AppContext, onChange: () => void) {
    this.#app = app
    this.#onChange = onChange
    this.#lookedMs = Number.NEGATIVE_INFINITY
  }

  /** Looks in the background, if it is time; cheap otherwise. */
  maybeLook(): void {
    const nowMs = monotonicMs(this.#app.around.clock)
    if (this.#looking || nowMs - this.#lookedMs < this.#app.options.metadataMaxAgeMs) return
    this.#lookedMs = nowMs
    this.#looking = true
    this.#look()
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        this.#app.around.logger.debug('source topics could not be looked at', { reason })
      })
      .finally(() => {
        this.#looking = false
      })
  }

  /** True for the error of a topic that a pattern matched and that is gone: the next assignment will be without it. */
  isGoneMatch(error: unknown): boolean {
    if (!(error instanceof StreamsError) || error.code !== 'MR_PROTOCOL_TOPIC_MISSING') return false
    const { topic } = error.details as { readonly topic: string }
    return this.#app.topology.nodes.some(
      (node) => node.kind === 'source' && node.pattern !== null && matchesTopic(node.pattern, topic),
    )
  }

  async #look(): Promise<void> {
    const { topology, options, adminCluster } = this.#app
    const topics = await listTopics(adminCluster)
    const named = topology.subTopologies.flatMap((sub) =>
      sub.sourceTopics.map((name) => topology.topicName(name, options.applicationId)),
    )
    const matched = [...patternTopics(this.#app, topics.keys()).values()].flat()
    const seen = [...named, ...matched].map((name) => `${name}=${topics.get(name)?.partitions.length ?? 0}`).join(' ')
    const before = this.#seen
    this.#seen = seen
    if (before !== null && before !== seen) this.#onChange()
  }
}
