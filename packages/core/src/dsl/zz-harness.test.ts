import { readdirSync, readFileSync } from 'node:fs'
import { it } from 'vitest'
import * as core from '../index.ts'
import { bareTopic } from './bare-topic.ts'
import { joinWindows } from '../window/join-windows.ts'
const { string, int64, int32, bytes, timeWindowed, sessionWindowed } = core
const serde = (n: any): any => n === undefined ? undefined : n === 'string' || n === 'picky' ? string() : n === 'long' ? int64() : n === 'int' ? int32() : n === 'bytes' ? bytes() : n.startsWith('time') ? timeWindowed(serde(n.split(':')[1]), Number(n.split(':')[2])) : sessionWindowed(serde(n.split(':')[1]))
const store = (s: any): any => { const o = { key: serde(s.keySerde ?? 'string'), value: serde(s.valueSerde ?? 'string'), caching: s.caching ?? false, logging: s.logging ?? true, type: s.inMemory ? 'memory' : 'disk' } as any
  switch (s.kind) { case 'kv': return core.keyValueStore(s.name, o); case 'timestamped-kv': return core.timestampedKeyValueStore(s.name, o); case 'headers-kv': return core.headersKeyValueStore(s.name, o); case 'lru': return core.lruStore(s.name, { ...o, entriesMax: s.maxEntries }); case 'versioned': return core.versionedStore(s.name, { ...o, historyRetention: s.historyRetention }); case 'window': return core.windowStore(s.name, { ...o, retention: s.retention, windowSize: s.windowSize, retainDuplicates: s.retainDuplicates }); case 'timestamped-window': return core.timestampedWindowStore(s.name, { ...o, retention: s.retention, windowSize: s.windowSize }); case 'session': return core.sessionStore(s.name, { ...o, retention: s.retention }) } throw new Error(s.kind) }
const kinds: any = { kv: 'key-value', 'timestamped-kv': 'timestamped-key-value' }
const supplier = (s: any, name?: string): any => s && { kind: kinds[s.kind] ?? s.kind, plain: s.kind === 'kv' || s.kind === 'window', name, inMemory: s.inMemory, entriesMax: s.maxEntries, historyRetentionMs: s.historyRetention, segmentIntervalMs: s.segmentInterval, retentionMs: s.retention, windowSizeMs: s.windowSize, retainDuplicates: s.retainDuplicates }
const clean = (o: any): any => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined))
const mat = (m: any): any => m === undefined ? {} : { materialized: clean({ store: m.store, key: serde(m.keySerde), value: serde(m.valueSerde), caching: m.caching, logging: m.logging, retentionMs: m.retention, storeType: m.storeType, supplier: supplier(m.supplier) }) }
const f: any = (a: any) => a
const windows = (w: any): any => w.type === 'time' ? (w.advance === undefined ? core.tumbling(w.size, { grace: w.grace ?? 0 }) : core.hopping(w.size, { advance: w.advance, grace: w.grace ?? 0 })) : w.type === 'sliding' ? core.sliding(w.diff, { grace: w.grace ?? 0 }) : w.type === 'session' ? core.session(w.gap, { grace: w.grace ?? 0 }) : core.unlimited({ start: w.start ?? 0 })
void joinWindows
function dsl(v: any): string {
  const b = new core.StreamsBuilder() as any
  const results = new Map<string, any>()
  let last: any
  v.topology.forEach((o: any, index: number) => {
    try {
    const s = o.from ? results.get(o.from) : last
    const N = clean({ name: o.name })
    const G = clean({ name: o.name, key: serde(o.keySerde), value: serde(o.valueSerde) })
    const C = clean({ name: o.name, timestampExtractor: o.timestampExtractor && 'fail', offsetReset: o.offsetReset && (/^\d/.test(o.offsetReset) ? { duration: Number(o.offsetReset) } : o.offsetReset) })
    const T = (t: string) => bareTopic(t, { key: serde(o.keySerde), value: serde(o.valueSerde) })
    const M = { ...N, ...mat(o.materialized) }
    let r: any = undefined
    const w = o.with && results.get(o.with)
    const proc = (): any => { const p = () => ({ process() {} }); return o.provides ? { create: p, stores: o.provides.map((d: any) => provided(d)) } : p }
    switch (o.op) {
      case 'stream': r = o.pattern ? b.stream(new RegExp(o.pattern), { ...C, key: serde(o.keySerde), value: serde(o.valueSerde) }) : b.stream(o.topic ? T(o.topic) : o.topics.map(T), C); break
      case 'table': r = b.table(T(o.topic), { ...C, ...mat(o.materialized) }); break
      case 'globalTable': r = b.globalTable(T(o.topic), { ...C, ...mat(o.materialized) }); break
      case 'addStateStore': b.addStateStore(provided(o.store)); r = last; break
      case 'addGlobalStore': b.addGlobalStore(store(o.store), T(o.topic), { ...C, processor: proc() }); r = last; break
      case 'filter': case 'filterNot': r = s[o.op](f, s.toStream ? M : N); break
      case 'map': case 'selectKey': case 'flatMap': case 'flatMapValues': case 'peek': case 'foreach': r = s[o.op](f, N); break
      case 'mapValues': r = s.mapValues(f, s.toStream ? M : N); break
      case 'transformValues': r = s.transformValues(f, { ...M, stores: o.stores }); break
      case 'split': { const br: any = {}; let pos = 0
        for (const x of o.branches) br['b' + pos++] = { when: f, name: x.name ?? null }
        if (o.default) br.rest = { when: true, name: o.default.name ?? null }
        const out = s.split(br, N); pos = 0
        for (const x of o.branches) { results.set(x.id, out['b' + pos++]) }
        if (o.default) results.set(o.default.id, out.rest)
        r = undefined; break }
      case 'merge': r = s.merge(w, N); break
      case 'repartition': r = s.repartition({ ...G, ...clean({ partitions: o.partitions }) }); break
      case 'to': s.to(o.topicName ? f : bareTopic(o.topic, { key: serde(o.keySerde), value: serde(o.valueSerde) }), clean({ ...G, partitioner: o.partitioner && f })); r = undefined; break
      case 'toTable': r = s.toTable(M); break
      case 'groupByKey': r = s.groupByKey(G); break
      case 'groupBy': r = s.groupBy(f, G); break
      case 'process': case 'processValues': r = s[o.op](proc(), { ...N, stores: o.stores ?? [] }); break
      case 'windowedBy': r = { pending: s, w: windows(o.window), now: s.windowedBy(windows(o.window)) }; break
      case 'emitStrategy': r = { ...s, now: s.pending.windowedBy(s.w, { emit: o.on === 'windowClose' ? 'close' : 'update' }) }; break
      case 'cogroup': r = o.with ? s.cogroup(w, f) : s.cogroup({ init: f, add: f }); break
      case 'count': r = (s.now ?? s).count(M); break
      case 'reduce': r = o.adder ? s.reduce({ ...M, add: f, subtract: f }) : (s.now ?? s).reduce(f, M); break
      case 'aggregate': r = (s.now ?? s).aggregate({ ...M, init: f, add: f, subtract: f, merge: f }); break
      case 'toStream': r = s.toStream({ ...N, ...(o.key ? { key: f } : {}) }); break
      case 'suppress': r = s.suppress(clean({ ...N, until: o.until === 'windowCloses' ? 'window-close' : o.ms, maxRecords: o.maxRecords, maxBytes: o.maxBytes, whenFull: o.full === 'shutDown' ? 'stop' : undefined, logging: o.logging })); break
      case 'queryableStoreName': r = last; break
      case 'join': case 'leftJoin': case 'outerJoin': {
        const j = o.joined ?? {}
        if (o.window) r = s[o.op](w, f, clean({ within: o.window.diff, before: o.window.before, after: o.window.after, grace: o.window.grace, eager: o.window.legacy, name: j.name, store: j.storeName, logging: j.logging, type: j.storeType === 'in-memory' ? 'memory' : undefined, key: serde(j.keySerde), value: serde(j.valueSerde), otherValue: serde(j.otherValueSerde), thisStore: supplier(j.thisStore, j.thisStore?.name), otherStore: supplier(j.otherStore, j.otherStore?.name) }))
        else if (o.foreignKey) r = s[o.op](w, { foreignKey: f, joiner: f, ...M, ...clean({ name: j.name }) })
        else if (o.key) r = s[o.op](w, f, { ...N, key: f })
        else if (s.toStream) r = s[o.op](w, f, M)
        else r = s[o.op](w, f, clean({ name: j.name, grace: j.grace, key: serde(j.keySerde), value: serde(j.valueSerde) }))
        break }
      default: throw new Error('op ' + o.op)
    }
    last = r
    if (o.id) results.set(o.id, r)
    } catch (e) { (e as any).op = index; throw e }
  })
  const topology = b.build({ properties: v.buildWithConfig === false ? {} : { ...v.config } })
  topology.build()
  return topology.describe()
}
const givens = new Map<string, any>()
const provided = (d: any): any => { const k = JSON.stringify(d); if (!givens.has(k)) givens.set(k, store(d)); return givens.get(k) }
function low(v: any): string {
  const t = new core.Topology() as any
  v.topology.forEach((o: any, index: number) => {
    try {
      const p = () => ({ process() {} })
      switch (o.op) {
        case 'addSource': t.addSource(o.name, o.pattern ? new RegExp(o.pattern) : o.topics, {}); break
        case 'addProcessor': t.addProcessor(o.name, o.provides ? { create: p, stores: o.provides.map(provided) } : p, o.parents ?? []); break
        case 'addSink': t.addSink(o.name, o.topicName ? f : o.topic, o.parents ?? []); break
        case 'addStateStore': t.addStateStore(o.op && provided(o.store), o.processors ?? []); break
        case 'connectProcessorAndStateStores': t.connectProcessorAndStateStores(o.processor, o.stores); break
        case 'addGlobalStore': t.addGlobalStore(store(o.store), { topic: o.topic, source: o.source, name: o.name, processor: p }); break
        case 'addReadOnlyStateStore': t.addReadOnlyStateStore(store(o.store), { topic: o.topic, source: o.source, name: o.name, processor: p }); break
        default: throw new Error('op ' + o.op)
      }
    } catch (e) { (e as any).op = index; throw e }
  })
  t.build()
  return t.describe()
}
it('harness', () => {
  const root = '/work/shared/conformance/streams'
  let ok = 0; const bad: string[] = []
  const only = process.env.ONLY
  for (const dir of readdirSync(root, { withFileTypes: true })) {
    if (!dir.isDirectory()) continue
    for (const file of readdirSync(`${root}/${dir.name}`)) {
      const id = `${dir.name}/${file}`
      if (only && !id.includes(only)) continue
      const v = JSON.parse(readFileSync(`${root}/${id}`, 'utf8'))
      givens.clear()
      const expected = v.expect.description?.join('\n')
      const err = v.expect.error?.phase === 'build' ? v.expect.error : null
      let got: string
      try { got = v.api === 'topology' ? low(v) : dsl(v) } catch (e: any) {
        if (err) { if (e.op === err.op && e.code) ok++; else bad.push(`${id}: error at ${e.op} instead of ${err.op}: ${e.code} ${e.message} ${e.code ? '' : e.stack} | JVM ${err.message}`); continue }
        bad.push(`${id}: threw ${e.op} ${e.stack.slice(0, 400)}`); continue
      }
      if (err) { if (v.jvmDefect) ok++; else bad.push(`${id}: no error, JVM ${err.op} ${err.message}`); continue }
      if (expected === undefined) { ok++; continue }
      if (got === expected) ok++
      else { const [a, x] = [got.split('\n'), expected.split('\n')]; const i = x.findIndex((l: string, k: number) => l !== a[k]); bad.push(`${id}: line ${i}\n   got  ${a[i]}\n   want ${x[i]}` + (only ? '\n' + got + '\nWANT\n' + expected : '')) }
    }
  }
  console.log(bad.join('\n')); console.log(`${ok} passed, ${bad.length} failed`)
})
