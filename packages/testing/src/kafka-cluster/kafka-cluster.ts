/**
 * Real Kafka brokers on this machine without Docker, for tests: `await using kafka = await KafkaCluster.start()`.
 *
 * Needs Java 17 and Maven the first time a version is used. Brokers are processes of their own that end with `close()`
 * and with this process; they can be killed, paused and restarted to test what an application does then.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KafkaJars, kafkaJars } from './jars.ts'
import { type BrokerPorts, type ClusterPlan, host, saslUser, serverProperties } from './server-properties.ts'

/** Newest complete release and the last of the 3.x line; both are tested. */
export const kafkaVersions = { newest: '4.3.1', previous: '3.9.2' } as const

export interface KafkaClusterOptions {
  /** Kafka's version; default the newest complete release. */
  readonly version?: string
  /** 1 to 9; default 1. */
  readonly brokers?: number
  /** Adds a SASL listener (PLAIN, SCRAM) beside the plain one. */
  readonly sasl?: boolean
  /** PEM file with a private key (PKCS#8) and its certificate: adds a TLS listener beside the plain one. */
  readonly tlsKeyStore?: string
  /** Broker settings by Kafka's names, over the test defaults. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
  /** Greatest heap of a broker, as Java takes it; default `512m`. */
  readonly heap?: string
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const range = (count: number): number[] => [...Array(count).keys()]

export class KafkaCluster implements AsyncDisposable {
  readonly version: string
  private readonly plan: ClusterPlan
  private readonly jars: KafkaJars
  private readonly heap: string
  private readonly processes: (ChildProcess | undefined)[] = []
  /** Processes that were told to end and have not yet. */
  private readonly ending = new Set<ChildProcess>()
  private readonly killAll = (): void => {
    for (const child of [...this.processes, ...this.ending]) child?.kill('SIGKILL')
    // a broker that is dying may still make a file
    rmSync(this.plan.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  private constructor(plan: ClusterPlan, jars: KafkaJars, heap: string) {
    this.version = plan.version
    this.plan = plan
    this.jars = jars
    this.heap = heap
  }

  /** Starts the brokers and waits until each answers and sees all others. */
  static async start(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
    const version = options.version ?? kafkaVersions.newest
    const brokers = options.brokers ?? 1
    const plan: ClusterPlan = {
      version,
      brokers,
      directory: mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'millrace-kafka-')),
      ports: await freePorts(brokers),
      sasl: options.sasl ?? false,
      tlsKeyStore: options.tlsKeyStore ?? null,
      config: options.config ?? {},
    }
    const cluster = new KafkaCluster(plan, kafkaJars(version), options.heap ?? '512m')
    process.once('exit', cluster.killAll)
    try {
      cluster.format()
      for (const node of range(brokers)) cluster.launch(node)
      await cluster.ready()
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  /** `host:port` of the plain listeners, comma separated. */
  get bootstrap(): string {
    return this.plan.ports.map((p) => `${host}:${p.plain}`).join(',')
  }

  /** The SASL listeners and a user that may log in there. */
  get sasl(): { bootstrap: string; username: string; password: string } {
    return { bootstrap: this.plan.ports.map((p) => `${host}:${p.sasl}`).join(','), ...saslUser }
  }

  /** `host:port` of the TLS listeners. */
  get tlsBootstrap(): string {
    return this.plan.ports.map((p) => `${host}:${p.tls}`).join(',')
  }

  /** SIGKILL; the broker's data stay. */
  async kill(node: number): Promise<void> {
    await this.end(node, 'SIGKILL')
  }

  /** Controlled shutdown. */
  async stop(node: number): Promise<void> {
    await this.end(node, 'SIGTERM')
  }

  /** Suspends (SIGSTOP) or continues (SIGCONT) a broker's process. */
  signal(node: number, name: 'SIGSTOP' | 'SIGCONT'): void {
    this.processes[node]?.kill(name)
  }

  /** Starts a stopped or killed broker on its old data and waits until it answers. */
  async restart(node: number): Promise<void> {
    await this.end(node, 'SIGTERM')
    this.launch(node)
    await this.ready()
  }

  /**
   * Ends all brokers and removes their data. Twice is harmless.
   *
   * With SIGKILL: nothing is left of the data that a controlled shutdown would care for, and brokers without a majority of
   * controllers cannot shut down in a controlled way. Only the broker that makes the archive of classes ends properly.
   */
  async close(): Promise<void> {
    const signal = this.makesArchive() ? 'SIGTERM' : 'SIGKILL'
    await Promise.all(range(this.plan.brokers).map((node) => this.end(node, signal)))
    await Promise.all([...this.ending].map(ended))
    rmSync(this.plan.directory, { recursive: true, force: true, maxRetries: 5 })
    process.off('exit', this.killAll)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private home(node: number): string {
    return join(this.plan.directory, `broker-${node}`)
  }

  private format(): void {
    const clusterId = randomBytes(16).toString('base64url').replace(/^[-_]/, 'A')
    for (const node of range(this.plan.brokers)) {
      mkdirSync(this.home(node), { recursive: true })
      const file = join(this.home(node), 'server.properties')
      writeFileSync(file, serverProperties(this.plan, node))
      const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${saslUser.username},password=${saslUser.password}]`,
      ])
      const format = ['format', '-t', clusterId, '-c', file, '--ignore-formatted', ...(this.plan.sasl ? scram : [])]
      const flags = [...this.javaFlags(false), '-cp', this.jars.classpath, 'kafka.tools.StorageTool', ...format]
      const formatted = spawnSync('java', flags, { encoding: 'utf8' })
      if (formatted.status !== 0) throw new Error(`Kafka's storage cannot be formatted:\n${formatted.stderr}`)
    }
  }

  private javaFlags(archive: boolean): string[] {
    const log = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true']
    const flags = ['-Xms96m', `-Xmx${this.heap}`, '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...log]
    if (existsSync(this.jars.archive)) flags.push('-Xshare:auto', `-XX:SharedArchiveFile=${this.jars.archive}`)
    else if (archive && this.makesArchive()) flags.push(`-XX:ArchiveClassesAtExit=${this.jars.archive}`)
    return flags
  }

  /** Two brokers that write the same file would spoil it. */
  private makesArchive(): boolean {
    return this.plan.brokers === 1 && !existsSync(this.jars.archive)
  }

  private launch(node: number): void {
    const log = openSync(join(this.home(node), 'server.log'), 'a')
    const args = ['-cp', this.jars.classpath, 'kafka.Kafka', join(this.home(node), 'server.properties')]
    const child = spawn('java', [...this.javaFlags(true), ...args], {
      cwd: this.home(node),
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    child.unref()
    this.processes[node] = child
  }

  private async ready(): Promise<void> {
    const running = range(this.plan.brokers).filter((node) => this.processes[node] !== undefined)
    const deadline = Date.now() + 120_000
    for (const node of running) {
      while (!((await brokersSeenBy(this.plan.ports[node]?.plain ?? 0)) >= running.length)) {
        const ended = this.processes[node]?.exitCode ?? null
        if (ended !== null || Date.now() > deadline)
          throw new Error(`broker ${node} ${ended === null ? 'is not ready' : 'ended'}:\n${this.lastLog(node)}`)
        await sleep(25)
      }
    }
  }

  private lastLog(node: number): string {
    return readFileSync(join(this.home(node), 'server.log'), 'utf8')
      .split('\n')
      .slice(-20)
      .join('\n')
  }

  private async end(node: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.processes[node]
    if (child === undefined) return
    this.processes[node] = undefined
    if (child.exitCode !== null || child.signalCode !== null) return
    this.ending.add(child)
    child.kill('SIGCONT')
    child.kill(signal)
    const forced = setTimeout(() => child.kill('SIGKILL'), 15_000)
    await ended(child)
    clearTimeout(forced)
    this.ending.delete(child)
  }
}

/** Resolves when the process has ended; holds this one open until then, which a started broker does not. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.ref()
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
  })
}

async function freePorts(brokers: number): Promise<BrokerPorts[]> {
  const servers = await Promise.all(
    range(brokers * 4).map(
      () =>
        new Promise<net.Server>((resolve) => {
          const server = net.createServer()
          server.listen(0, host, () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return range(brokers).map((i) => ({
    plain: ports[4 * i] ?? 0,
    sasl: ports[4 * i + 1] ?? 0,
    tls: ports[4 * i + 2] ?? 0,
    controller: ports[4 * i + 3] ?? 0,
  }))
}

/** Number of brokers that Metadata v1 of this broker lists; 0 while it does not answer. */
async function brokersSeenBy(port: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = net.connect(port, host)
    let answer = Buffer.alloc(0)
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(0))
    // size, api key 3, version 1, correlation id 1, no client id, empty list of topics
    socket.on('connect', () => socket.write(Buffer.from([0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 255, 255, 0, 0, 0, 0])))
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      if (answer.length < 12) return
      resolve(answer.readInt32BE(8))
      socket.destroy()
    })
  })
}
