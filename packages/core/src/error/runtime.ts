/** Errors of running tasks: rebalance, state directory, life cycle. */
export const runtimeMessages = {
  MR_RUNTIME_CLOSED: (d: { readonly what: string }): string => `${d.what} is closed.`,
} as const
