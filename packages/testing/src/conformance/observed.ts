/** What a run of a vector did, in the form of its `expect`, so that the two can be compared. */
import type { Header, OutputRecord, StoreContent, StoreRead } from './vector.ts'

export interface ObservedError {
  readonly phase: 'build' | 'start' | 'step' | 'close'
  /** Index of the op or step; absent in other phases. */
  readonly op?: number
  readonly step?: number
  readonly error: unknown
}

export interface Observed {
  error?: ObservedError
  description?: readonly string[]
  branches: string[][]
  output?: Record<string, OutputRecord[]>
  reads: StoreRead[]
  trace: readonly (readonly [step: number, line: string])[]
  stores?: Record<string, StoreContent>
  metrics?: Readonly<Record<string, number>>
}

export type { Header }
