/** Which windows a stream can be cut into, so that a wrong argument is answered with the right ones. */
import type { Windows } from '../window/retention.ts'

/** The argument itself if it is windows, else the accepted forms, which the compiler then prints. */
export type WindowChoice<W> = W extends Windows
  ? W
  : "give tumbling('5m'), hopping('5m', { advance: '1m' }), sliding('5m'), session('30m') or unlimited()"
