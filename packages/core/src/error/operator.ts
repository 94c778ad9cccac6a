/** Errors that operators raise while they process a record: mostly functions of the user that answered null. */
export const operatorMessages = {
  MR_OPERATOR_NULL_RESULT: (d: { readonly operator: string; readonly expected: string }): string =>
    `The function given to ${d.operator} returned null or undefined; return ${d.expected}.`,
  MR_OPERATOR_UNDEFINED: (d: {
    readonly operator: string
    readonly store: string | null
    readonly key: string
  }): string =>
    `The function given to ${d.operator}${d.store === null ? '' : ` with store "${d.store}"`} returned undefined for the key ${d.key}; return a value, or null where there is none (a function body in braces needs a return).`,
  MR_OPERATOR_PAIR: (d: { readonly operator: string; readonly given: string; readonly key: string }): string =>
    `The function given to ${d.operator} returned ${d.given} for the key ${d.key}; return a pair [key, value], with null where there is none.`,
  MR_OPERATOR_NULL_KEY: (d: { readonly operator: string; readonly store: string }): string =>
    `A record with a null key reached ${d.operator} with store "${d.store}", where keys are never null; drop null keys upstream.`,
  MR_OPERATOR_SUPPRESS_FULL: (d: {
    readonly store: string
    readonly records: number
    readonly recordsMax: number
    readonly bytes: number
    readonly bytesMax: number
  }): string =>
    `The buffer "${d.store}" of suppress is full: ${d.records} of ${d.recordsMax} records, ${d.bytes} of ${d.bytesMax} bytes. Raise maxRecords or maxBytes, or emit early with whenFull: 'emit'.`,
  MR_OPERATOR_SERDE: (d: { readonly node: string; readonly owner: string; readonly reason: string }): string =>
    `The serdes of "${d.owner}", which node "${d.node}" writes itself, do not fit what reached it: ${d.reason} Give the table or stream above it the right serdes.`,
  MR_OPERATOR_GRACE_UNVERSIONED: (d: { readonly buffer: string }): string =>
    `The stream–table join with buffer "${d.buffer}" has a grace period, but its table is not versioned; give the table a versioned store, or leave out grace.`,
} as const
