/** How long the store of a windowed aggregation must keep its rows, for each kind of window. */
import type { SessionWindows } from './session-windows.ts'
import type { SlidingWindows } from './sliding-windows.ts'
import type { TimeWindows } from './time-windows.ts'
import type { UnlimitedWindows } from './unlimited-windows.ts'

/** Every kind of window that `windowedBy` takes. */
export type Windows = TimeWindows | SlidingWindows | SessionWindows | UnlimitedWindows

/**
 * Smallest accepted retention of the store, ms; also the default. For unlimited windows the greatest safe integer, so
 * that times less the retention are still numbers to reckon with.
 *
 * A sliding window of a late record may begin up to twice the difference before stream time − grace.
 */
export function windowRetentionMs(windows: Windows): number {
  switch (windows.kind) {
    case 'time':
      return windows.sizeMs + windows.graceMs
    case 'sliding':
      return 2 * windows.differenceMs + windows.graceMs
    case 'session':
      return windows.gapMs + windows.graceMs
    case 'unlimited':
      return Number.MAX_SAFE_INTEGER
  }
}

/** Size of the windows in a window store, ms: end = start + size. Sliding windows include their end. */
export function storeWindowSizeMs(windows: Exclude<Windows, SessionWindows>): number {
  switch (windows.kind) {
    case 'time':
      return windows.sizeMs
    case 'sliding':
      return windows.differenceMs
    case 'unlimited':
      return Number.POSITIVE_INFINITY
  }
}
