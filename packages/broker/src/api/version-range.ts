/**
 * Which versions of each API the broker offers when it plays Kafka 3.9 or 4.x: what real brokers of these releases
 * answer to ApiVersions (3.9.2 and 4.3.1), as far as the codec goes.
 */
import type { Api } from '@millrace/protocol/internal'

/** The release that is played. */
export type BrokerVersion = '3.9' | '4.x'

type Range = readonly [min: number, max: number]

/** By API key: 3.9.2, then 4.3.1. */
const ranges: ReadonlyMap<number, readonly [Range, Range]> = new Map([
  [
    0,
    [
      [0, 11],
      [0, 13],
    ],
  ],
  [
    1,
    [
      [0, 17],
      [4, 18],
    ],
  ],
  [
    2,
    [
      [0, 9],
      [1, 11],
    ],
  ],
  [
    3,
    [
      [0, 12],
      [0, 13],
    ],
  ],
  [
    8,
    [
      [0, 9],
      [2, 10],
    ],
  ],
  [
    9,
    [
      [0, 9],
      [1, 10],
    ],
  ],
  [
    10,
    [
      [0, 6],
      [0, 6],
    ],
  ],
  [
    11,
    [
      [0, 9],
      [0, 9],
    ],
  ],
  [
    12,
    [
      [0, 4],
      [0, 4],
    ],
  ],
  [
    13,
    [
      [0, 5],
      [0, 5],
    ],
  ],
  [
    14,
    [
      [0, 5],
      [0, 5],
    ],
  ],
  [
    15,
    [
      [0, 5],
      [0, 6],
    ],
  ],
  [
    16,
    [
      [0, 5],
      [0, 5],
    ],
  ],
  [
    17,
    [
      [0, 1],
      [0, 1],
    ],
  ],
  [
    18,
    [
      [0, 4],
      [0, 4],
    ],
  ],
  [
    19,
    [
      [0, 7],
      [2, 7],
    ],
  ],
  [
    20,
    [
      [0, 6],
      [1, 6],
    ],
  ],
  [
    21,
    [
      [0, 2],
      [0, 2],
    ],
  ],
  [
    22,
    [
      [0, 5],
      [0, 5],
    ],
  ],
  [
    23,
    [
      [0, 4],
      [2, 4],
    ],
  ],
  [
    24,
    [
      [0, 5],
      [0, 5],
    ],
  ],
  [
    25,
    [
      [0, 4],
      [0, 4],
    ],
  ],
  [
    26,
    [
      [0, 4],
      [0, 5],
    ],
  ],
  [
    28,
    [
      [0, 4],
      [0, 5],
    ],
  ],
  [
    32,
    [
      [0, 4],
      [1, 4],
    ],
  ],
  [
    33,
    [
      [0, 2],
      [0, 2],
    ],
  ],
  [
    36,
    [
      [0, 2],
      [0, 2],
    ],
  ],
  [
    37,
    [
      [0, 3],
      [0, 3],
    ],
  ],
  [
    42,
    [
      [0, 2],
      [0, 2],
    ],
  ],
  [
    44,
    [
      [0, 1],
      [0, 1],
    ],
  ],
  [
    47,
    [
      [0, 0],
      [0, 0],
    ],
  ],
  [
    60,
    [
      [0, 1],
      [0, 2],
    ],
  ],
  [
    61,
    [
      [0, 0],
      [0, 0],
    ],
  ],
  [
    65,
    [
      [0, 0],
      [0, 0],
    ],
  ],
  [
    66,
    [
      [0, 1],
      [0, 2],
    ],
  ],
])

/** Lowest and highest version of an API that this release and the codec have in common. */
export function offeredVersions(api: Api<object, object>, release: BrokerVersion): Range | undefined {
  const range = ranges.get(api.key)?.[release === '3.9' ? 0 : 1]
  if (range === undefined) return undefined
  const offered: Range = [Math.max(range[0], api.minVersion), Math.min(range[1], api.maxVersion)]
  return offered[0] <= offered[1] ? offered : undefined
}
