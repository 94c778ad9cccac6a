/** Brings the faults of a plan upon a world, and ends them all when it is time to recover. */
import type { Fault, Plan } from './plan.ts'
import type { VirtualMachine } from './virtual-machine.ts'
import { quietNetwork, type NetworkFaults } from './virtual-network.ts'
import type { World } from './world.ts'

export class FaultSchedule {
  /** When the last fault has begun; ms since the start. */
  readonly lastMs: number
  private readonly world: World
  private readonly plan: Plan
  private readonly usual: NetworkFaults
  private frozen = false

  constructor(world: World, plan: Plan) {
    this.world = world
    this.plan = plan
    this.usual = { ...quietNetwork, delayMs: [0, plan.networkDelayMs] }
    this.lastMs = Math.max(0, ...plan.faults.map((fault) => ('atMs' in fault ? fault.atMs : 0)))
    world.faults = this.usual
  }

  /** Every fault at its time. */
  begin(machines: readonly VirtualMachine[]): void {
    for (const fault of this.plan.faults) {
      const machine = 'machine' in fault ? machines[fault.machine] : undefined
      if (fault.kind === 'kill-at') machine?.strikeAtYield(fault.yieldPoint, () => machine.kill(fault.downMs))
      else if (fault.kind === 'stop-at') machine?.strikeAtYield(fault.yieldPoint, () => machine.suspend(fault.forMs))
      else if (fault.kind === 'kill-in') machine?.strikeIn(fault, () => machine.kill(fault.forMs))
      else if (fault.kind === 'stop-in') machine?.strikeIn(fault, () => machine.suspend(fault.forMs))
      else if (fault.kind === 'restart-in') machine?.strikeIn(fault, () => machine.restart(fault.nth % 2 === 0))
      else this.world.time.after(fault.atMs, () => this.strike(fault, machine))
    }
  }

  /** No more faults: what is broken is mended, what is stopped goes on. */
  freeze(): void {
    this.frozen = true
    this.world.faults = this.usual
    this.world.partitions.endAll()
    this.startBroker()
    for (const machine of this.world.machines) {
      machine.forgetStrikes()
      machine.running?.resume()
      machine.disk.isFull = false
    }
  }

  private strike(fault: Extract<Fault, { atMs: number }>, machine: VirtualMachine | undefined): void {
    if (this.frozen) return
    const { world } = this
    const { time, cluster } = world
    world.trace.note(time.nowMs, 'fault', fault.kind)
    switch (fault.kind) {
      case 'kill':
        return machine?.kill(fault.downMs)
      case 'power':
        return machine?.kill(fault.downMs, 'power')
      case 'disk-lost':
        return machine?.kill(fault.downMs, 'disk')
      case 'stop':
        return machine?.suspend(fault.forMs)
      case 'restart':
        return machine?.restart(fault.leaveGroup)
      case 'disk-full':
        if (machine === undefined) return
        machine.disk.isFull = true
        time.after(fault.forMs, () => (machine.disk.isFull = false))
        return
      case 'clock':
        return machine?.jumpClock(fault.jumpMs)
      case 'partition': {
        world.counts.networkFaults++
        const held = world.partitions.begin(machine?.name ?? '', fault.node, fault.oneWay)
        time.after(fault.forMs, () => held.end())
        return
      }
      case 'broker':
        if (!cluster.isUp) return
        cluster.crash()
        time.after(fault.downMs, () => this.startBroker())
        return
      case 'broker-write':
        if (cluster.isUp) cluster.crashInWrite(fault.write, () => time.after(fault.downMs, () => this.startBroker()))
        return
      case 'coordinators':
        world.counts.moves++
        return cluster.moveCoordinators()
      case 'leaders':
        world.counts.moves++
        return cluster.moveLeaders()
      case 'network':
        world.counts.networkFaults++
        world.faults = fault.faults
        time.after(fault.forMs, () => {
          if (world.faults === fault.faults) world.faults = this.usual
        })
    }
  }

  private startBroker(): void {
    if (!this.world.cluster.isUp) this.world.cluster.start()
  }
}
