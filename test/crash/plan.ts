/** What the application program of the crash tests is told, and what it says: one line of JSON each way. */
import { writeSync } from 'node:fs'
import { bytes, int64, string, type Topic, topic } from 'millrace'
import type { ArmedPoint } from './fleet/kill-points.ts'

export const applicationId = 'crash'
/** Value: the number of the record in its partition, so that value and offset agree as long as nothing is lost or doubled. */
export const input: Topic<string, string> = topic('input', { key: string(), value: string() })
export const output: Topic<string, number> = topic('output', { key: string(), value: int64() })
export const changelog: Topic<string, Uint8Array> = topic(`${applicationId}-counts-changelog`, {
  key: string(),
  value: bytes(),
})

/** Keys of one partition. */
export const keysPerPartition = 25
export const keyOf = (partition: number, n: number): string => `p${partition}-k${n % keysPerPartition}`

export type Guarantee = 'at-least-once' | 'exactly-once'

export interface ProgramPlan {
  /** A cluster outside; null = an embedded broker in this process, in `brokerDirectory`. */
  readonly kafka: string | null
  readonly brokerDirectory: string
  readonly stateDirectory: string
  /** File that takes one entry per processed record; see `progress.ts`. */
  readonly progressFile: string
  readonly partitions: number
  readonly guarantee: Guarantee
  readonly commitIntervalMs: number
  /** Static membership; null = a new member with each start. */
  readonly instance: string | null
  /** Where it dies by itself once it runs; null = nowhere. */
  readonly dieAt: ArmedPoint | null
  /** Writes input beside the application. */
  readonly feeds: boolean
  /** Processes what is there, prints the results, closes cleanly and ends. */
  readonly finishes: boolean
}

/** What the program prints, one line each. */
export type ProgramEvent =
  /** Before the application starts: what the cluster has. */
  | {
      readonly event: 'begin'
      readonly committed: readonly number[]
      readonly ends: readonly number[]
      readonly changelogRecords: number
    }
  /** The application reached RUNNING for the first time. */
  | { readonly event: 'running'; readonly restored: number }
  /** Acknowledged input records per partition. */
  | { readonly event: 'acked'; readonly counts: readonly number[] }
  | {
      readonly event: 'result'
      readonly counts: Readonly<Record<string, number>>
      readonly inputs: readonly number[]
      readonly faults: readonly string[]
    }
  | { readonly event: 'failed'; readonly code: string; readonly message: string }

/** At once, so that a kill cannot take back what was said. */
export function say(event: ProgramEvent): void {
  writeSync(1, `${JSON.stringify(event)}\n`)
}
