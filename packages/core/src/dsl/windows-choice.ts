/** Which windows a stream can be cut into, so that a wrong argument is answered with the right ones. */
import { requireArgument } from '../known-options.ts'
import type { Windows } from '../window/retention.ts'

/** The argument itself if it is windows, else the accepted forms, which the compiler then prints. */
export type WindowChoice<W> = W extends Windows
  ? W
  : "give tumbling('5m'), hopping('5m', { advance: '1m' }), sliding('5m'), session('30m') or unlimited()"

/** What the compiler says with types, for code without. @throws {MR_TOPOLOGY_ARGUMENT} (TopologyError) */
export function requireWindows(given: unknown): void {
  const isRight = typeof given === 'object' && given !== null && 'kind' in given
  const accepted = "tumbling('5m'), hopping('5m', { advance: '1m' }), sliding('5m'), session('30m') or unlimited()"
  requireArgument(isRight, given, { where: 'windowedBy', accepted })
}
