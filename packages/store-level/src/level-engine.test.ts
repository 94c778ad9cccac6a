import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeEngineContract } from '@millrace/testing/contract'
import { expect, it } from 'vitest'
import { levelStores } from './index.ts'

storeEngineContract('level', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-level-'))
  return { provider: levelStores({ directory }), dispose: () => rm(directory, { recursive: true, force: true }) }
})

it('says that its rows survive the process', () => {
  expect(levelStores({ directory: 'nowhere' }).persistent).toBe(true)
})
