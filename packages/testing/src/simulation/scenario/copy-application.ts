/**
 * The smallest application there is, on the protocol's clients alone: it copies one topic to another, partition by
 * partition, either in transactions or at least once. What it gets wrong, the clients or the broker get wrong.
 */
import { RetriableError, TaskMigratedError, TransactionAbortedError } from '@millrace/core'
import { silentLogger, type TransportRole } from '@millrace/core/port'
import {
  Cluster,
  commitOffsets,
  fetchCommittedOffsets,
  type FetchedPartition,
  Fetcher,
  type GroupIdentity,
  GroupMember,
  type OffsetToCommit,
  Producer,
  TransactionalProducer,
} from '@millrace/protocol'
import type { Plan } from '../plan.ts'
import type { VirtualMachine } from '../virtual-machine.ts'
import { virtualTransport } from '../virtual-network.ts'
import type { VirtualProcess } from '../virtual-process.ts'
import type { World } from '../world.ts'
import { witness } from '../witness.ts'

export const copyGroup = 'copy'
export const copyInput = 'input'
export const copyOutput = 'output'

/** The program; runs until it is closed or an error ends it. */
export async function copyApplication(
  world: World,
  plan: Plan,
  from: { readonly machine: VirtualMachine; readonly process: VirtualProcess },
): Promise<void> {
  const copier = new Copier(world, plan, from)
  from.machine.close = (leaveGroup) => copier.stop(leaveGroup)
  await copier.run()
}

interface Clients {
  readonly clusters: readonly Cluster[]
  readonly side: Cluster
  readonly produce: Cluster
  readonly fetcher: Fetcher
  readonly member: GroupMember
}

const pollMs = 50

class Copier {
  private readonly world: World
  private readonly plan: Plan
  private readonly process: VirtualProcess
  private readonly transactionalId: string
  private owned: number[] = []
  /** Positions reached since the last commit. */
  private readonly reached = new Map<number, number>()
  private transaction: TransactionalProducer | null = null
  private plain: Producer | null = null
  private committedMs = 0
  private stopping: { readonly leaveGroup: boolean } | null = null
  private needsSeek = false

  constructor(world: World, plan: Plan, from: { readonly machine: VirtualMachine; readonly process: VirtualProcess }) {
    this.world = world
    this.plan = plan
    this.process = from.process
    this.transactionalId = `copy-${from.machine.name}`
  }

  stop(leaveGroup: boolean): void {
    this.stopping = { leaveGroup }
  }

  async run(): Promise<void> {
    const clients = await this.open()
    while (this.stopping === null) await this.once(clients)
    await this.commit(clients).catch(() => undefined)
    await clients.member.leave({ send: this.stopping.leaveGroup })
    await this.transaction?.close()
    await this.plain?.close()
    await clients.fetcher.close()
    for (const cluster of clients.clusters) await cluster.close()
  }

  private async once(clients: Clients): Promise<void> {
    const { member, fetcher } = clients
    try {
      await this.openProducer(clients)
      await member.poll()
      if (this.needsSeek) await this.seek(clients)
      for (const part of await fetcher.poll(pollMs)) this.copy(part)
      if (this.nowMs() - this.committedMs >= this.plan.commitIntervalMs) await this.commit(clients)
    } catch (error) {
      await this.recover(error, clients)
    }
  }

  private copy(part: FetchedPartition): void {
    const { partition, batches, nextOffset } = part
    if (!this.owned.includes(partition)) return
    const producer = this.transaction?.producer ?? this.plain
    if (producer === null) return
    const to = producer.partition(copyOutput, partition)
    for (const { records, first } of batches) {
      for (let i = first; i < records.count; i++) {
        const headers = witness({
          task: String(partition),
          generation: this.world.generations.of(this.process.name),
          instance: this.process.name,
          input: { topic: copyInput, partition, offset: records.offsetAt(i) },
          index: 0,
        })
        to.append(records.keyAt(i), records.valueAt(i), records.timestampAt(i), headers)
      }
    }
    this.reached.set(partition, nextOffset)
  }

  private async commit(clients: Clients): Promise<void> {
    this.committedMs = this.nowMs()
    const { member } = clients
    if (this.reached.size === 0) return
    const offsets: OffsetToCommit[] = [...this.reached].map(([partition, offset]) => ({
      topic: copyInput,
      partition,
      offset,
    }))
    const identity = this.lease(member)
    if (this.transaction !== null) {
      await this.transaction.sendOffsets(identity, offsets)
      await this.transaction.commit(() => this.lapsed(member))
    } else {
      await this.plain?.flush()
      await commitOffsets(clients.side, identity, offsets)
    }
    this.reached.clear()
  }

  /** Of the clock that never jumps. */
  private nowMs(): number {
    return this.process.clock.monotonicMs?.() ?? 0
  }

  private lease(member: GroupMember): GroupIdentity {
    const { identity } = member
    if (identity !== null && member.leaseValid()) return identity
    throw this.lostError()
  }

  private lapsed(member: GroupMember): TaskMigratedError | null {
    return member.leaseValid() ? null : this.lostError()
  }

  private lostError(): TaskMigratedError {
    return new TaskMigratedError('MR_PROTOCOL_MEMBER_LOST', { group: copyGroup, member: '', reason: 'no lease' })
  }

  /** The one recovery path. */
  private async recover(error: unknown, clients: Clients): Promise<void> {
    const passes =
      error instanceof TaskMigratedError || error instanceof TransactionAbortedError || error instanceof RetriableError
    if (!passes) throw error
    this.reached.clear()
    await this.transaction?.close()
    await this.plain?.close()
    this.transaction = null
    this.plain = null
    this.needsSeek = true
    if (error instanceof TaskMigratedError) clients.member.requestRejoin('migrated')
    await this.process.timers.sleep(20)
  }

  private async openProducer(clients: Clients): Promise<void> {
    if (this.plan.guarantee === 'at-least-once') {
      this.plain ??= new Producer(clients.produce, { lingerMs: 2 })
      return
    }
    if (this.transaction !== null) return
    const transaction = new TransactionalProducer(clients.produce, {
      transactionalId: this.transactionalId,
      transactionTimeoutMs: this.plan.transactionTimeoutMs,
      lingerMs: 2,
    })
    await transaction.init()
    this.transaction = transaction
  }

  /** Reads on from what is committed. */
  private async seek(clients: Clients): Promise<void> {
    const partitions = this.owned.map((partition) => ({ topic: copyInput, partition }))
    clients.fetcher.unassign(clients.fetcher.assignment())
    const committed = await fetchCommittedOffsets(clients.side, copyGroup, partitions)
    clients.fetcher.assign(
      committed.map(({ topic, partition, offset }) => ({
        topic,
        partition,
        offset: offset < 0 ? ('earliest' as const) : offset,
      })),
    )
    this.needsSeek = false
  }

  private async open(): Promise<Clients> {
    const { process } = this
    const transport = this.world.generations.overhear(process.name, virtualTransport(process, this.world))
    const around = { clock: process.clock, timers: process.timers, random: process.random, logger: silentLogger }
    const cluster = async (role: TransportRole): Promise<Cluster> =>
      new Cluster(await transport.open(role), around, { requestTimeoutMs: 2000 })
    const [group, fetch, produce, side] = [
      await cluster('group'),
      await cluster('fetch'),
      await cluster('produce'),
      await cluster('admin'),
    ]
    const fetcher = new Fetcher(fetch, {
      isolation: 'read_committed',
      maxWaitMs: 250,
      partitionMaxBytes: this.plan.fetchBytes,
    })
    const encoder = new TextEncoder()
    const member: GroupMember = new GroupMember({
      cluster: group,
      sideCluster: side,
      groupId: copyGroup,
      protocolName: 'copy',
      rebalanceProtocol: 'eager',
      sessionTimeoutMs: this.plan.sessionTimeoutMs,
      heartbeatIntervalMs: this.plan.sessionTimeoutMs / 4,
      rebalanceTimeoutMs: this.plan.sessionTimeoutMs,
      subscription: () => new Uint8Array(0),
      assign: (members) => {
        const names = members.map(({ memberId }) => memberId).sort()
        const lists = names.map((_, i) =>
          Array.from({ length: this.plan.partitions }, (_one, p) => p).filter((p) => p % names.length === i),
        )
        return new Map(names.map((name, i) => [name, encoder.encode((lists[i] ?? []).join(','))]))
      },
      onRevoked: async () => {
        // What cannot be committed is read again by its next owner.
        await this.commit(clients).catch(async (error: unknown) => this.recover(error, clients))
        this.owned = []
        fetcher.unassign(fetcher.assignment())
      },
      onAssigned: async (assignment) => {
        const text = new TextDecoder().decode(assignment)
        this.owned = text === '' ? [] : text.split(',').map(Number)
        this.needsSeek = true
      },
      onLost: async (reason) => {
        this.owned = []
        fetcher.unassign(fetcher.assignment())
        await this.recover(reason, clients)
      },
      onWake: () => fetcher.wakeup(),
    })
    const clients: Clients = { clusters: [group, fetch, produce, side], side, produce, fetcher, member }
    return clients
  }
}
