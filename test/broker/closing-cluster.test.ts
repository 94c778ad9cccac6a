/** A program whose last act is to close its cluster: nothing else holds the process open then. */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { missing, versions } from './real-kafka.ts'

const program = (version: string): string => `
  import { KafkaCluster } from '@millrace/testing'
  const cluster = await KafkaCluster.start({ brokers: 2, version: '${version}' })
  await cluster.kill(0)
  await cluster.close()
  await cluster.close()
  console.log('closed')`

describe.skipIf(missing !== null || process.env['MILLRACE_KAFKA'] !== undefined)('a cluster of real brokers', () => {
  it('is closed to the end, also when its controllers have lost their majority', () => {
    const args = ['--input-type=module', '--eval', program(versions[0] ?? '')]
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' })
    expect({ stdout, stderr, status }).toEqual({ stdout: 'closed\n', stderr: '', status: 0 })
  }, 60_000)
})
