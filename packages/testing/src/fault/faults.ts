/**
 * Faults to plant into the operators, to see that the checks see them: each is an exact text of a built file and what takes its
 * place. The operators know nothing of it. A text that is not there exactly once is an error: the operator has changed, and
 * its fault has to be written anew.
 */

/** One fault. */
export interface Fault {
  readonly name: string
  /** What is wrong then. */
  readonly about: string
  /** Built file, below `packages`. */
  readonly file: string
  readonly text: string
  readonly instead: string
  /** Families of random cases that go through it; null: none does, only golden vectors can find it. */
  readonly families: readonly string[] | null
  /** Groups of golden vectors that are tried first. */
  readonly groups: readonly string[]
}

const operator = (name: string): string => `core/dist/operator/${name}.js`
type Places = Pick<Fault, 'families' | 'groups'>

/** A fault as one line of the tables below: name, what is wrong, text, replacement. */
type Line = readonly [name: string, about: string, text: string, instead: string]

function inFile(file: string, places: Places, lines: readonly Line[]): Fault[] {
  return lines.map(([name, about, text, instead]) => ({ name, about, file, text, instead, ...places }))
}

const windows = inFile(operator('window-aggregate'), { families: ['windows'], groups: ['time-window'] }, [
  [
    'window edge',
    'a window is open at its very end',
    'if (startMs + sizeMs > closeMs)',
    'if (startMs + sizeMs >= closeMs)',
  ],
  [
    'grace',
    'windows close without grace',
    'const closeMs = this.observedMs - graceMs',
    'const closeMs = this.observedMs',
  ],
  [
    'timestamp rule',
    'an aggregate has the time of its last record',
    'row === null ? record.timestampMs : Math.max(record.timestampMs, row.timestampMs)',
    'record.timestampMs',
  ],
  [
    'null key',
    'windows take records without a key',
    'if (record.key === null || record.key === undefined)',
    'if (record.key === undefined)',
  ],
])

const firstWindow = inFile('core/dist/window/time-windows.js', { families: ['windows'], groups: ['time-window'] }, [
  [
    'first window',
    'the oldest window of a record is left out',
    'const earliest = timestampMs - windows.sizeMs + windows.advanceMs;',
    'const earliest = timestampMs - windows.sizeMs + windows.advanceMs + 1;',
  ],
])

const sliding = inFile(operator('sliding-window-aggregate'), { families: ['sliding'], groups: ['sliding-window'] }, [
  [
    'sliding window edge',
    'a right window begins with its record, not behind it',
    'const startMs = record.timestampMs + 1;',
    'const startMs = record.timestampMs;',
  ],
  [
    'sliding right window',
    'right windows are not made',
    'if (!found.hasRight)\n            this.createRight(record, right);',
    '',
  ],
])

const sessions = inFile(
  operator('session-aggregate'),
  { families: ['sessions', 'sessionUpdates', 'sessionsOnClose'], groups: ['session-window'] },
  [
    [
      'session merge',
      'a session keeps its start when it grows backwards',
      'startMs = Math.min(startMs, session.key.window.startMs);',
      '',
    ],
    [
      'session gap',
      'a gap of exactly the length parts sessions',
      'timestampMs - windows.gapMs, ',
      'timestampMs - windows.gapMs + 1, ',
    ],
    [
      'session tombstone',
      'what was merged is not deleted downstream',
      'this.forward(session.key, null, session.value);',
      '',
    ],
    ['session lateness', 'closed sessions take records', 'if (endMs < closeMs) {', 'if (endMs < closeMs - 3) {'],
    [
      'final result twice',
      'sessions that were given as final are given again',
      'const fromMs = Math.max(0, schedule.lastEmittedMs);',
      'const fromMs = 0;',
    ],
  ],
)

const suppress = inFile(
  operator('suppress'),
  { families: ['suppress', 'suppressTable', 'suppressLimits'], groups: ['suppress'] },
  [
    [
      'suppress release',
      'what is due comes out one step late',
      'this.buffer.minTimeMs <= this.dueMs',
      'this.buffer.minTimeMs < this.dueMs',
    ],
    [
      'suppress limit',
      'one change too many waits',
      'this.buffer.recordCount > this.options.recordsMax ||',
      'this.buffer.recordCount > this.options.recordsMax + 1 ||',
    ],
  ],
)

const joins = [
  ...inFile(operator('join-stream-stream'), { families: ['streamStreamJoin'], groups: ['stream-stream-join'] }, [
    [
      'join emission',
      'a record whose window ends now comes out as unmatched at once',
      'toMs < tracker.streamTimeMs',
      'toMs <= tracker.streamTimeMs',
    ],
    [
      'join window edge',
      'the earliest partner is missed',
      'Math.max(0, timestampMs - this.beforeMs)',
      'Math.max(0, timestampMs - this.beforeMs + 1)',
    ],
    [
      'join timestamp',
      'a pair has the time of the record that came last',
      'Math.max(timestampMs, otherMs), headers',
      'timestampMs, headers',
    ],
    [
      'matched stays waiting',
      'a matched record comes out as unmatched, too',
      'this.buffer?.removeIfPresent(this.otherSide, key, otherMs);',
      '',
    ],
  ]),
  ...inFile(operator('join-stream-self'), { families: ['selfJoin'], groups: ['stream-stream-join'] }, [
    ['self-join', 'a record does not meet itself', 'if (meetsItself)\n            this.context.forward(self);', ''],
  ]),
  ...inFile(
    operator('join-stream-table'),
    { families: ['versionedJoin', 'globalTableJoin'], groups: ['stream-table-join', 'global-table'] },
    [
      [
        'versioned lookup',
        'the newest version is taken, not that of the time',
        'this.table.getAsOf(key, timestampMs)',
        'this.table.get(key)',
      ],
      ['global table key', 'the own key is looked up', 'return rowKey;', 'return record.key;'],
    ],
  ),
  ...inFile('core/dist/store/join-buffer.js', { families: ['versionedJoin'], groups: ['stream-table-join'] }, [
    ['join grace', 'records leave the buffer one step late', 'next.timeMs <= limitMs', 'next.timeMs < limitMs'],
    [
      'grace boundary',
      'a record at the boundary is late',
      'this.bufferTimeMs - this.graceMs > timeMs',
      'this.bufferTimeMs - this.graceMs > timeMs - 3',
    ],
  ]),
]

const tables = [
  ...inFile(
    operator('join-table-table'),
    { families: ['tableTableJoin', 'tableJoinUpdates'], groups: ['table-table-join'] },
    [
      [
        'table join tombstone',
        'a deletion is passed on that deletes nothing',
        '(update.newValue === null && update.oldValue === null)',
        'false',
      ],
      [
        'table join timestamp',
        'a result has the time of the change alone',
        'row === null ? record.timestampMs : Math.max(record.timestampMs, row.timestampMs)',
        'record.timestampMs',
      ],
    ],
  ),
  ...inFile(
    operator('table-source'),
    { families: ['tableTableJoin', 'tableJoinUpdates', 'tableGroup'], groups: ['table', 'table-table-join'] },
    [
      [
        'tombstone',
        'a deletion leaves the row',
        'this.store.put(key, value, timestampMs)',
        'this.store.put(key, value ?? old?.value ?? null, timestampMs)',
      ],
    ],
  ),
  ...inFile(operator('table-aggregate'), { families: ['tableGroupUpdates', 'tableGroup'], groups: ['table-group'] }, [
    [
      'subtract order',
      'what goes is taken out after what comes was put in',
      `            aggregate = this.group.subtract(oldAgg, update.oldValue, key, this.context);
            if (aggregate === undefined)
                throw undefinedResult(\`\${this.operator} (subtract)\`, key, this.storeName);
            touchesRow = true;
        }
        if (update.newValue !== null) {
            touchesRow ||= this.group.keepsTimeOfEmptied || aggregate !== null;
            aggregate = this.group.add(aggregate, update.newValue, key, this.context);
            if (aggregate === undefined)
                throw undefinedResult(\`\${this.operator} (add)\`, key, this.storeName);
        }`,
      `            touchesRow = true;
        }
        if (update.newValue !== null) {
            touchesRow ||= this.group.keepsTimeOfEmptied || aggregate !== null;
            aggregate = this.group.add(aggregate, update.newValue, key, this.context);
        }
        if (update.oldValue !== null && oldAgg !== null)
            aggregate = this.group.subtract(aggregate, update.oldValue, key, this.context);`,
    ],
  ]),
  ...inFile(operator('table-select'), { families: ['tableGroupUpdates', 'tableGroup'], groups: ['table-group'] }, [
    [
      'group change',
      'a row that moves stays in its old group',
      'if (removed !== null) {',
      'if (removed !== null && added === null) {',
    ],
  ]),
  ...inFile(
    operator('foreign-key-resolve'),
    { families: ['foreignKeyBurst', 'foreignKeyJoin'], groups: ['foreign-key-join'] },
    [
      [
        'FK stale hash',
        'answers for older rows are taken',
        'if (!isSameHash(hash, current)) {',
        'if (row === undefined) {',
      ],
    ],
  ),
  ...inFile(
    operator('foreign-key-send'),
    // Answers to the old subscription are stale, so only topics and stores show it.
    { families: null, groups: ['foreign-key-join'] },
    [
      [
        'FK change',
        'the old subscription stays when the foreign key changes',
        "this.send(record, oldKey, 'delete-key-no-propagate', hash);\n        // ",
        '// ',
      ],
    ],
  ),
]

const aggregates = [
  ...inFile(operator('stream-aggregate'), { families: ['reduce'], groups: ['aggregate', 'table-ops'] }, [
    [
      'equal updates',
      'an update that changes nothing is not passed on',
      'if (code === putRejected || this.forwarder.isCached)',
      'if (code === putRejected || this.forwarder.isCached || aggregate === before)',
    ],
  ]),
  ...inFile('core/dist/dsl/cogrouped-streams.js', { families: ['cogroup'], groups: ['cogroup'] }, [
    [
      'cogroup',
      'all inputs use the aggregator of the first',
      'const supplier = cogroup.supplier(storeName, add);',
      'const supplier = cogroup.supplier(storeName, [...inputs.values()][0] ?? add);',
    ],
  ]),
  ...inFile('core/dist/store/timed-rows.js', { families: null, groups: ['store-commands', 'session-window'] }, [
    [
      'retention',
      'rows are seen after their retention',
      'return isPresent(row) && (row.isCached || row.primary > this.expiry.expiredMs);',
      'return isPresent(row);',
    ],
  ]),
  ...inFile(operator('filter'), { families: ['filter'], groups: ['stateless'] }, [
    ['null value', 'filter drops records without a value', 'if (keep)', 'if (keep && record.value !== null)'],
  ]),
]

/** All of them. */
export const faults: readonly Fault[] = [
  ...windows,
  ...firstWindow,
  ...sliding,
  ...sessions,
  ...suppress,
  ...joins,
  ...tables,
  ...aggregates,
]
