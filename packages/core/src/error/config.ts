/** Errors of options and arguments: whoever deploys fixes them at start. */
export const configMessages = {
  MR_CONFIG_DURATION: (d: { readonly option: string; readonly value: string }): string =>
    `${d.option}: "${d.value}" is not a duration; give milliseconds as a number, or a text such as "500ms", "10s", "5m", "1h", "7d".`,
  MR_CONFIG_UNKNOWN: (d: { readonly option: string; readonly nearest: string | null }): string =>
    `Unknown option "${d.option}"${d.nearest === null ? '; see StreamsOptions for the list.' : `; did you mean "${d.nearest}"?`}`,
  MR_CONFIG_INVALID: (d: { readonly option: string; readonly value: string; readonly accepted: string }): string =>
    `Option ${d.option}: ${d.value} is not accepted; give ${d.accepted}.`,
  MR_CONFIG_MISSING: (d: { readonly option: string; readonly accepted: string }): string =>
    `Option ${d.option} is required; give ${d.accepted}.`,
  MR_CONFIG_SERDE: (d: { readonly what: string; readonly part: string }): string =>
    `There is no serde for the ${d.part} of ${d.what} and no default; give it one, or set the default ${d.part} serde.`,
  MR_CONFIG_CONFLICT: (d: { readonly options: string; readonly reason: string }): string =>
    `Options ${d.options} do not go together: ${d.reason}.`,
  MR_CONFIG_PROPERTY: (d: { readonly property: string; readonly reason: string }): string =>
    `The Kafka property "${d.property}" has no effect in Millrace, so it is not accepted: ${d.reason}.`,
} as const
