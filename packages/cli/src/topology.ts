/** millrace topology: the topology that a module exports, as Kafka's text or as JSON. */
import { ConfigError, StreamsBuilder, Topology } from '@millrace/core'
import type { VerbResult } from './run-command.ts'

/** @throws {MR_CONFIG_INVALID} the module exports no topology, or the format is unknown */
export function topologyVerb(exported: Readonly<Record<string, unknown>>, format: string): VerbResult {
  const topology = topologyOf(exported)
  if (format === 'text') return { text: topology.describe().trimEnd() }
  if (format === 'json') return { text: JSON.stringify({ description: topology.describe().trimEnd().split('\n') }) }
  throw new ConfigError('MR_CONFIG_INVALID', { option: '--format', value: format, accepted: 'text or json' })
}

function topologyOf(exported: Readonly<Record<string, unknown>>): Topology {
  for (const name of ['topology', 'builder', 'default']) {
    const value = exported[name]
    if (value instanceof Topology) return value
    if (value instanceof StreamsBuilder) return value.build()
  }
  throw new ConfigError('MR_CONFIG_INVALID', {
    option: 'FILE',
    value: `a module that exports ${Object.keys(exported).join(', ') || 'nothing'}`,
    accepted: 'a module that exports a Topology or a StreamsBuilder as "topology", "builder" or default',
  })
}
