import { expect, it } from 'vitest'
import { dataSets, h, hex8 } from './data.ts'

it('hashes as the contract says', () => {
  expect(h(0, 1) % 100_000).toBe(14_239)
  expect(h(1, 1) % 100_000).toBe(90_239)
  expect(hex8(h(0, 3))).toBe('091fd3c7')
})

it('makes the first records of each set', () => {
  const first = (name: string, i = 0) => dataSets[name]?.record(i, 100_000)
  expect(first('kv')).toEqual({
    key: 'k0014239',
    timestampMs: 1_700_000_000_000,
    value: '{"id":"0000000000","key":"k0014239","amount":6571576,"flag":0,"pad":"091fd3c7091fd3c7091fd3c7091fd"}',
  })
  expect(first('ev', 1)).toMatchObject({ key: 'k0010239', timestampMs: 1_699_999_993_620 })
  expect(first('bids')?.value).toContain('{"auction":1000,"bidder":1001,"price":5605359,"channel":"channel-5670",')
  expect(first('bids')?.value).toHaveLength(230)
  expect(first('items')?.value).toContain(
    '"itemName":"item-b23bac4e","initialBid":979237,"category":13,"seller":97357,',
  )
  expect(first('items')?.value).toHaveLength(500)
  expect(first('persons')?.value).toContain('{"id":0,"name":"name-11a39e63","city":"city-53",')
  expect(first('sales')?.value).toContain('{"id":0,"itemName":"item-66ea0736","category":12,"seller":0,')
})
