/** Tumbling and hopping windows, updates and final results. */
import { type ModelRecord, type ModelUpdate, windowText } from './model.ts'

export interface WindowShape {
  readonly size: number
  readonly advance: number
  readonly grace: number
}

interface OpenWindow {
  readonly key: string
  readonly start: number
  text: string
  ts: number
}

/**
 * Every record goes into every window that holds its time and is not closed: a window is closed once stream time has
 * reached its end plus grace. The aggregate is `0+v1+v2…` in order of arrival; its time is the greatest of its records.
 */
export function windowUpdates(records: readonly ModelRecord[], shape: WindowShape): ModelUpdate[] {
  return runWindows(records, shape).updates
}

/** One result per window that has closed: its last aggregate. */
export function closedWindows(records: readonly ModelRecord[], shape: WindowShape): ModelUpdate[] {
  const { windows, streamTime } = runWindows(records, shape)
  return windows
    .filter(({ start }) => start + shape.size + shape.grace <= streamTime)
    .map(({ key, start, text, ts }) => ({ key: windowText(key, start, start + shape.size), value: text, ts }))
}

function runWindows(
  records: readonly ModelRecord[],
  { size, advance, grace }: WindowShape,
): { updates: ModelUpdate[]; windows: OpenWindow[]; streamTime: number } {
  const windows: OpenWindow[] = []
  const updates: ModelUpdate[] = []
  let streamTime = -1
  for (const { key, value, ts } of records) {
    if (key === null) continue
    streamTime = Math.max(streamTime, ts)
    for (let start = 0; start <= ts; start += advance) {
      const holdsIt = ts < start + size
      const isClosed = start + size + grace <= streamTime
      if (!holdsIt || isClosed) continue
      let window = windows.find((one) => one.key === key && one.start === start)
      if (window === undefined) {
        window = { key, start, text: '0', ts }
        windows.push(window)
      }
      window.text += `+${value}`
      window.ts = Math.max(window.ts, ts)
      updates.push({ key: windowText(key, start, start + size), value: window.text, ts: window.ts })
    }
  }
  return { updates, windows, streamTime }
}
