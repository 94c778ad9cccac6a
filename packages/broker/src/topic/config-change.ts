/**
 * Changes of a set of settings as AlterConfigs and IncrementalAlterConfigs ask for them (KIP-339): set, delete, and for
 * lists append and subtract.
 */
import { errorCode } from '@millrace/protocol/internal'
import type { Refusal } from '../log/batch-check.ts'
import { configType, listOf, topicDefinitions } from './config-definition.ts'
import { checkTopicConfig } from './topic-config.ts'

/** Kafka's numbers for operations. */
const operation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const

/** One change; a null value with `set` is refused. */
export interface ConfigChange {
  readonly name: string
  readonly configOperation: number
  readonly value: string | null
}

/** The settings after all changes, or why they cannot be made; then nothing is changed. */
export function changeConfig(
  given: ReadonlyMap<string, string>,
  changes: readonly ConfigChange[],
  inForce: (name: string) => string,
): Map<string, string> | Refusal {
  const changed = new Map(given)
  for (const change of changes) {
    const { name, configOperation, value } = change
    if (configOperation === operation.DELETE) {
      if (!topicDefinitions.some((definition) => definition.name === name)) {
        return { error: errorCode.INVALID_CONFIG, reason: `Unknown topic config name: ${name}` }
      }
      changed.delete(name)
      continue
    }
    const next = configOperation === operation.SET ? value : changeList(change, changed.get(name) ?? inForce(name))
    if (next === undefined) {
      return {
        error: errorCode.INVALID_CONFIG,
        reason: `Can't APPEND or SUBTRACT to key ${name}: its type is not LIST`,
      }
    }
    const wrong = checkTopicConfig(name, next)
    if (wrong !== undefined) return { error: errorCode.INVALID_CONFIG, reason: wrong }
    changed.set(name, next as string)
  }
  return changed
}

/** True for a refusal, false for settings. */
export function isRefused(changed: Map<string, string> | Refusal): changed is Refusal {
  return !(changed instanceof Map)
}

function changeList(change: ConfigChange, present: string): string | undefined {
  const definition = topicDefinitions.find((candidate) => candidate.name === change.name)
  if (definition?.type !== configType.LIST) return undefined
  const parts = listOf(present)
  const named = listOf(change.value ?? '')
  if (change.configOperation === operation.APPEND) {
    return [...parts, ...named.filter((part) => !parts.includes(part))].join(',')
  }
  return parts.filter((part) => !named.includes(part)).join(',')
}
