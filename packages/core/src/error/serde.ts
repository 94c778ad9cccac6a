/** Errors of serdes: a value that a serializer or deserializer cannot take. */
export const serdeMessages = {
  MR_SERDE_LENGTH: (d: { readonly serde: string; readonly expected: number; readonly actual: number }): string =>
    `${d.serde}: expected ${d.expected} bytes, got ${d.actual}; is the topic written with another serde?`,
  MR_SERDE_TYPE: (d: { readonly serde: string; readonly expected: string; readonly actual: string }): string =>
    `${d.serde}: expected ${d.expected}, got ${d.actual}.`,
  MR_SERDE_RANGE: (d: { readonly serde: string; readonly value: string; readonly accepted: string }): string =>
    `${d.serde}: ${d.value} is out of range; accepted: ${d.accepted}.`,
  MR_SERDE_FORMAT: (d: { readonly serde: string; readonly reason: string }): string => `${d.serde}: ${d.reason}.`,
  MR_SERDE_SCHEMA: (d: { readonly serde: string; readonly reason: string }): string =>
    `${d.serde}: the value does not satisfy the schema: ${d.reason}.`,
  MR_SERDE_ASYNC: (d: { readonly serde: string }): string =>
    `${d.serde}: the validator is asynchronous, and serdes are synchronous; validate with mapAsync behind the source instead.`,
} as const
