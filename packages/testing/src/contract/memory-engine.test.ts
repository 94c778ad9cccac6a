import { memoryStores } from '@millrace/core/internal'
import { expect, it } from 'vitest'
import { storeEngineContract } from './store-engine-contract.ts'

storeEngineContract('memory', async () => ({ provider: memoryStores() }))

it('keeps nothing beyond the process', () => {
  expect(memoryStores().persistent).toBe(false)
})
