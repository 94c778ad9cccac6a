import type { BuiltTopology, InternalTopic, SubTopology } from '@millrace/core/internal'
import { describe, expect, it } from 'vitest'
import { planPartitions, type PartitionPlan } from './partition-plan.ts'

const internal = (
  name: string,
  partitions: number | null,
  kind: InternalTopic['kind'] = 'repartition',
): InternalTopic => ({
  name,
  kind,
  partitions,
  defaults: {},
  config: {},
  retentionMs: null,
  store: null,
})
const sub = (id: number, part: Partial<SubTopology>): SubTopology => ({
  id,
  nodes: [],
  sourceTopics: [],
  sinkTopics: [],
  stores: [],
  globalStores: [],
  repartitionTopics: [],
  changelogTopics: [],
  copartitionGroups: [],
  ...part,
})
function plan(
  subTopologies: SubTopology[],
  counts: Record<string, number>,
  patterns: [string, string[]][] = [],
): PartitionPlan {
  const names = new Set(subTopologies.flatMap((s) => s.repartitionTopics.map((t) => t.name)))
  const topology = {
    subTopologies,
    topicName: (name: string, app: string) => (names.has(name) || name.endsWith('changelog') ? `${app}-${name}` : name),
  } as Partial<BuiltTopology> as BuiltTopology
  return planPartitions({
    topology,
    applicationId: 'app',
    patternTopics: new Map(patterns),
    partitionCount: (topic) => counts[topic],
  })
}

describe('planPartitions', () => {
  it('refuses a repartition topic of no partitions, which a topology may ask for', () => {
    const none = sub(0, { sourceTopics: ['r'], repartitionTopics: [internal('r', 0)] })
    expect(() => plan([none], {})).toThrow(/partitions: 0 .*repartition topic "r"/)
  })

  it('gives a repartition topic as many partitions as the largest source before it, and the changelog one per task', () => {
    const result = plan(
      [
        sub(0, { sourceTopics: ['a', 'b'], sinkTopics: ['r'] }),
        sub(1, {
          sourceTopics: ['r'],
          repartitionTopics: [internal('r', null)],
          changelogTopics: [internal('s-changelog', null, 'changelog')],
        }),
      ],
      { a: 3, b: 5 },
    )
    expect(result.repartition).toMatchObject([{ name: 'app-r', partitions: 5 }])
    expect(result.changelog).toMatchObject([{ name: 'app-s-changelog', partitions: 5 }])
    expect([...result.tasks]).toEqual([
      [0, 5],
      [1, 5],
    ])
    expect(result.counts.get('app-r')).toBe(5)
  })

  it('follows chains of repartition topics in any order', () => {
    const result = plan(
      [
        sub(0, { sourceTopics: ['second'], repartitionTopics: [internal('second', null)], sinkTopics: ['out'] }),
        sub(1, { sourceTopics: ['first'], repartitionTopics: [internal('first', null)], sinkTopics: ['second'] }),
        sub(2, { sourceTopics: ['in'], sinkTopics: ['first'] }),
      ],
      { in: 4 },
    )
    expect(result.repartition.map((t) => [t.name, t.partitions])).toEqual([
      ['app-second', 4],
      ['app-first', 4],
    ])
  })

  it('lets the user fix the count of a repartition topic', () => {
    const result = plan(
      [
        sub(0, { sourceTopics: ['in'], sinkTopics: ['r'] }),
        sub(1, { sourceTopics: ['r'], repartitionTopics: [internal('r', 7)] }),
      ],
      { in: 2 },
    )
    expect(result.tasks.get(1)).toBe(7)
  })

  it('gives a joined repartition topic the count of its partner', () => {
    const result = plan(
      [
        sub(0, { sourceTopics: ['in'], sinkTopics: ['r'] }),
        sub(1, {
          sourceTopics: ['r', 'table'],
          repartitionTopics: [internal('r', null)],
          copartitionGroups: [['r', 'table']],
        }),
      ],
      { in: 2, table: 6 },
    )
    expect(result.counts.get('app-r')).toBe(6)
  })

  it('gives joined repartition topics the largest count among them', () => {
    const result = plan(
      [
        sub(0, { sourceTopics: ['x'], sinkTopics: ['rx'] }),
        sub(1, { sourceTopics: ['y'], sinkTopics: ['ry'] }),
        sub(2, {
          sourceTopics: ['rx', 'ry'],
          repartitionTopics: [internal('rx', null), internal('ry', null)],
          copartitionGroups: [['rx', 'ry']],
        }),
      ],
      { x: 2, y: 9 },
    )
    expect(result.repartition.map((t) => t.partitions)).toEqual([9, 9])
  })

  it.each([
    ['two topics of the user', ['a', 'b'], [], { a: 1, b: 2 }, 'a (1), b (2)'],
    ['a topic of the user and a fixed repartition topic', ['a', 'r'], [internal('r', 3)], { a: 1 }, 'a (1), r (3)'],
  ])('refuses different counts of %s', (_, group, repartitionTopics, counts, topics) => {
    const build = (): unknown =>
      plan([sub(0, { sourceTopics: group, repartitionTopics, copartitionGroups: [group] })], counts)
    expect(build).toThrow(expect.objectContaining({ code: 'MR_RUNTIME_COPARTITION', details: { topics } }))
  })

  it('names every source topic that is missing', () => {
    expect(() => plan([sub(0, { sourceTopics: ['b', 'a'] })], {})).toThrow(
      expect.objectContaining({ code: 'MR_RUNTIME_TOPIC_MISSING', details: { topics: 'a, b' } }),
    )
  })

  it('counts topics that a pattern matches', () => {
    const result = plan([sub(0, { nodes: ['SRC'] })], { 'log-a': 2, 'log-b': 3 }, [['SRC', ['log-a', 'log-b']]])
    expect(result.tasks.get(0)).toBe(3)
  })
})
