/** Errors of window definitions: the developer fixes them when the topology is built. */
export const windowMessages = {
  MR_WINDOW_SIZE_RANGE: (d: {
    readonly window: string
    readonly option: string
    readonly value: string
    readonly accepted: string
  }): string => `${d.window}: ${d.option} is ${d.value}; give ${d.accepted}.`,
  MR_WINDOW_ADVANCE_RANGE: (d: { readonly advanceMs: number; readonly sizeMs: number }): string =>
    `hopping: advance is ${d.advanceMs} ms with a size of ${d.sizeMs} ms; give an advance above 0 and at most the size.`,
  MR_WINDOW_GRACE_RANGE: (d: { readonly window: string; readonly value: string }): string =>
    `${d.window}: grace is ${d.value}; give 0 to ${Number.MAX_SAFE_INTEGER} whole milliseconds.`,
  MR_WINDOW_JOIN_RANGE: (d: { readonly beforeMs: number; readonly afterMs: number }): string =>
    `Join window: before ${d.beforeMs} ms and after ${d.afterMs} ms leave nothing between them; their sum must be 0 or more.`,
  MR_WINDOW_EMPTY: (d: { readonly startMs: number; readonly endMs: number }): string =>
    `The sliding window from ${d.startMs} to ${d.endMs} is empty; give sliding a time difference above 0.`,
  MR_WINDOW_EMIT: (d: { readonly window: string }): string =>
    `emit: 'close' cannot be used with ${d.window} windows, which never close; use emit: 'update'.`,
} as const
