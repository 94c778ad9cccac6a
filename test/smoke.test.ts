import { expect, it } from 'vitest'
import * as core from '@millrace/core'

it('loads core from its sources', () => {
  expect(core).toBeDefined()
})
