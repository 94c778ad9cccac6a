/**
 * Plans that once failed, kept as files: `{ "why": …, "plan": … }`. They are run again for good, because a seed alone means
 * another plan as soon as the drawing of plans changes.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plan } from './plan.ts'

/** A plan in a file. */
export interface StoredPlan {
  readonly file: string
  /** What was wrong when it failed. */
  readonly why: string
  readonly plan: Plan
}

/** The plans of a directory, by the names of their files. */
export function storedPlans(directory: string): StoredPlan[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const { why, plan } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Omit<StoredPlan, 'file'>
      return { file, why, plan }
    })
}

/** Writes a plan into a directory; `file` without its ending. */
export function storePlan(directory: string, { file, why, plan }: StoredPlan): void {
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, `${file}.json`), `${JSON.stringify({ why, plan }, null, 2)}\n`)
}
