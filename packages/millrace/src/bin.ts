#!/usr/bin/env node
/** The `millrace` command: hands the concrete parts to the command line. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { runCommand } from '@millrace/cli'
import { silentLogger } from '@millrace/core/port'
import { Cluster } from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers, reachCluster, stderrLogger } from '@millrace/runtime/internal'
import { transportOf } from './transport-of.ts'

process.exitCode = await runCommand(process.argv.slice(2), {
  connect: async (bootstrap) => {
    const transport = transportOf({ brokers: bootstrap.split(',') }, 'millrace-cli', silentLogger)
    const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: stderrLogger }
    const cluster = new Cluster(await transport.open('admin'), around)
    await reachCluster(cluster, { timeoutMs: 15_000, brokers: bootstrap })
    return cluster
  },
  load: async (path) => (await import(pathToFileURL(resolve(path)).href)) as Readonly<Record<string, unknown>>,
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
})
