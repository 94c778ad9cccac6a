/** What a process of the fleet is told, and what it says. */
import type { ArmedPoint } from './kill-points.ts'
import type { Sum } from './topics.ts'

export type Guarantee = 'at-least-once' | 'exactly-once'

export interface MemberPlan {
  readonly applicationId: string
  /** Addresses, comma separated. */
  readonly kafka: string
  readonly stateDirectory: string
  readonly guarantee: Guarantee
  readonly commitIntervalMs: number
  readonly sessionTimeoutMs: number
  readonly transactionTimeoutMs: number
  /** Static membership; null = a new member with each start. */
  readonly instance: string | null
}

export type MemberCommand =
  | { readonly arm: ArmedPoint }
  /** Asks for the contents of its stores; the answer carries the number. */
  | { readonly dump: number }
  | { readonly close: 'stay' | 'leave' }

/** Contents of the stores of the tasks a process has. */
export interface Dump {
  readonly event: 'dump'
  readonly id: number
  readonly tasks: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly sums: Readonly<Record<string, Sum>>
  /** Keys that two of its tasks have. */
  readonly twice: readonly string[]
}

export type MemberEvent =
  | { readonly event: 'state'; readonly state: string; readonly restored: number; readonly isFirst: boolean }
  | { readonly event: 'reached'; readonly point: string }
  | { readonly event: 'failed'; readonly code: string; readonly message: string }
  | { readonly event: 'unready'; readonly id: number; readonly reason: string }
  | Dump
