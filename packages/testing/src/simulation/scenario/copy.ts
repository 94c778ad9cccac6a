/** Scenario: the copying application, several instances in one group; its rules are those of every application. */
import { committedLog, type LoggedRecord } from '../committed-log.ts'
import { checkGenerations, checkTransactions, isCaughtUp } from '../invariants.ts'
import type { Plan } from '../plan.ts'
import type { Running, Scenario } from '../scenario.ts'
import { Upstream } from '../upstream.ts'
import { witnessOf } from '../witness.ts'
import type { World } from '../world.ts'
import { copyApplication, copyGroup, copyInput, copyOutput } from './copy-application.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const copyScenario: Scenario = {
  name: 'copy',
  set(world, plan) {
    const { topics } = world.cluster.state
    for (const name of [copyInput, copyOutput]) {
      topics.create({ name, partitions: plan.partitions, replicationFactor: 1, config: new Map() })
    }
    for (let i = 0; i < plan.machines; i++) {
      world.machine(`m${i}`, async (machine, process) => copyApplication(world, plan, { machine, process }))
    }
    const upstream = new Upstream(world, plan, (serial, random, timestampMs) => ({
      topic: copyInput,
      partition: random.between(0, plan.partitions - 1),
      // A key of four zero bytes looks like the key of an abort marker to a careless reader.
      key: random.chance(0.3) ? new Uint8Array(4) : encoder.encode(`k${random.between(0, 5)}`),
      value: encoder.encode(`v${serial}`),
      timestampMs,
    }))
    return {
      isDone: () => upstream.isDone && isCaughtUp(world, copyGroup, [copyInput]),
      check: () => check(world, plan),
    } satisfies Running
  },
}

function check(world: World, plan: Plan): string[] {
  const { state } = world.cluster
  const found: string[] = [...checkTransactions(world), ...checkGenerations(world)]
  for (let p = 0; p < plan.partitions; p++) {
    const input = committedLog(state, copyInput, p)?.records ?? []
    const output = committedLog(state, copyOutput, p)?.records ?? []
    found.push(...(plan.guarantee === 'exactly-once' ? exactlyOnce(input, output, p) : atLeastOnce(input, output, p)))
  }
  return found
}

function exactlyOnce(input: readonly LoggedRecord[], output: readonly LoggedRecord[], p: number): string[] {
  const found: string[] = []
  for (const [i, record] of output.entries()) {
    const source = input[i]
    const said = witnessOf(record)
    if (source !== undefined && said?.input.offset === source.offset && text(record) === text(source)) continue
    const expected = source === undefined ? 'nothing' : `${text(source)} of input ${source.offset}`
    found.push(
      `output-${p} ${record.offset}: ${text(record)} of input ${said?.input.offset} by ${said?.instance} in generation ` +
        `${said?.generation}, expected ${expected}`,
    )
    break
  }
  if (output.length < input.length && found.length === 0) {
    found.push(`output-${p}: lost write, ${output.length} of ${input.length} inputs have been copied`)
  }
  return found
}

/** Nothing is lost, and the first copies are in order. */
function atLeastOnce(input: readonly LoggedRecord[], output: readonly LoggedRecord[], p: number): string[] {
  const seen = new Set(output.map((record) => witnessOf(record)?.input.offset))
  const lost = input.filter(({ offset }) => !seen.has(offset))
  return lost.length === 0 ? [] : [`output-${p}: lost write of inputs ${lost.map(({ offset }) => offset).join(', ')}`]
}

const text = ({ key, value }: LoggedRecord): string =>
  `${key === null ? 'null' : decoder.decode(key)}=${value === null ? 'null' : decoder.decode(value)}`
