/** Settings of a task that follow from the options, and the layout of its engine. */
import type { TaskId } from '@millrace/core'
import type { BuiltTopology } from '@millrace/core/internal'
import type { TaskSettings } from '../task/ports.ts'
import type { AppContext } from './app-context.ts'

/** Settings of one task among `taskCount` tasks of its worker: each has an equal share of the cache. */
export function taskSettings(
  app: Pick<AppContext, 'options' | 'serdes' | 'workerCount' | 'topology' | 'readBudget'>,
  taskCount: number,
): TaskSettings {
  const { options } = app
  const cached = Math.max(1, app.topology.stores.filter(({ definition }) => definition.caching).length)
  const shares = Math.max(1, app.workerCount()) * Math.max(1, taskCount) * cached
  return {
    readBudget: app.readBudget,
    cacheBytesMax: Math.floor(options.statestoreCacheMaxBytes / shares),
    serdes: app.serdes,
    timestampExtractor: options.defaultTimestampExtractor,
    deadLetterTopic: options.errorsDeadLetterQueueTopicName,
    processingHandlerGlobal: options.processingExceptionHandlerGlobalEnabled,
    config: (name) => (name === 'upgrade.from' ? (options.upgradeFrom ?? undefined) : options.internalConfig[name]),
  }
}

/**
 * What is behind the prefixes 1, 2, … of a task's engine: kinds and names of the stores in their order. A topology that
 * moved them must not read the rows of one store as those of another.
 */
export function layoutOf(topology: BuiltTopology, task: TaskId): string {
  const sub = topology.subTopologies.find(({ id }) => id === task.subTopology)
  const names = new Set(sub?.stores)
  return topology.stores
    .filter(({ definition }) => names.has(definition.name))
    .map(({ definition }) => `${definition.kind}:${definition.name}`)
    .join('\n')
}
