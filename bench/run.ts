// npm run bench [-- --json] [-- --quick]: what governing costs, as ratios within one run. Three servers take turns:
// governed, pass-through, naive; single POSTs over 64 connections, batches of 100 over 8.

import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchEvent } from './events.ts'
import { type LoadResult, load } from './load.ts'

const VARIANTS = ['governed', 'pass-through', 'naive'] as const
type Variant = (typeof VARIANTS)[number]

const { values } = parseArgs({ options: { json: { type: 'boolean' }, quick: { type: 'boolean' } } })
const ROUNDS = values.quick ? 3 : 7
const SHAPES = {
  singles: { eventsPerBody: 1, bodies: values.quick ? 4_000 : 15_000, connections: 64 },
  batches: { eventsPerBody: 100, bodies: values.quick ? 100 : 400, connections: 8 },
}
type Shape = keyof typeof SHAPES

interface Server {
  child: ChildProcess
  target: { address: string; apiKey: string }
}

interface Sample extends LoadResult {
  cpuSecondsPer100k: number
}

const dir = mkdtempSync(join(tmpdir(), 'ecluse-bench-'))
try {
  const report = await measure()
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : table(report))
} finally {
  rmSync(dir, { recursive: true, force: true })
}

async function measure() {
  const servers = new Map<Variant, Server>()
  for (const variant of VARIANTS) servers.set(variant, await startServer(variant))
  const samples = new Map<string, Sample[]>()
  // The first round warms up and is not counted.
  for (let round = 0; round <= ROUNDS; round++) {
    for (const shape of Object.keys(SHAPES) as Shape[]) {
      for (const variant of VARIANTS) {
        const sample = await measureOnce(servers.get(variant)!, shape)
        if (round > 0) samples.set(`${shape}/${variant}`, [...(samples.get(`${shape}/${variant}`) ?? []), sample])
      }
    }
  }
  for (const { child } of servers.values()) child.disconnect()
  return Object.fromEntries((Object.keys(SHAPES) as Shape[]).map(shape => [shape, summarise(shape, samples)]))
}

async function startServer(variant: Variant): Promise<Server> {
  const dataDir = mkdtempSync(join(dir, `${variant}-`))
  const child = fork(join(import.meta.dirname, 'server.ts'), [variant, dataDir])
  child.setMaxListeners(0)
  const target = await answer<Server['target']>(child)
  return { child, target }
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', message => resolve(message as T))
    child.once('exit', code => reject(new Error(`a server ended with ${code}`)))
  })
}

async function cpuSeconds({ child }: Server): Promise<number> {
  child.send('cpu')
  return (await answer<{ cpuSeconds: number }>(child)).cpuSeconds
}

async function measureOnce(server: Server, shape: Shape): Promise<Sample> {
  const { eventsPerBody, bodies, connections } = SHAPES[shape]
  const payloads = Array.from({ length: bodies }, () => {
    const events = Array.from({ length: eventsPerBody }, benchEvent)
    return Buffer.from(JSON.stringify(eventsPerBody === 1 ? events[0] : events))
  })
  const before = await cpuSeconds(server)
  const result = await load(server.target, payloads, eventsPerBody, connections)
  const used = (await cpuSeconds(server)) - before
  return { ...result, cpuSecondsPer100k: (used / result.events) * 100_000 }
}

function summarise(shape: Shape, samples: Map<string, Sample[]>) {
  const of = (variant: Variant) => {
    const all = samples.get(`${shape}/${variant}`)!
    return {
      cpuSecondsPer100k: median(all.map(sample => sample.cpuSecondsPer100k)),
      eventsPerSecond: median(all.map(sample => sample.events / sample.seconds)),
      p50Ms: median(all.map(sample => sample.p50)),
      p99Ms: median(all.map(sample => sample.p99)),
    }
  }
  // Ratios are taken round by round, so that a machine that slows down slows both.
  const ratio = (other: Variant) =>
    median(
      samples
        .get(`${shape}/governed`)!
        .map((sample, i) => sample.cpuSecondsPer100k / samples.get(`${shape}/${other}`)![i]!.cpuSecondsPer100k),
    )
  return {
    ...Object.fromEntries(VARIANTS.map(variant => [variant, of(variant)])),
    governedToPassThrough: ratio('pass-through'),
    governedToNaive: ratio('naive'),
  } as Record<Variant, ReturnType<typeof of>> & { governedToPassThrough: number; governedToNaive: number }
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return Number(sorted[Math.floor(sorted.length / 2)]!.toPrecision(4))
}

function table(report: Awaited<ReturnType<typeof measure>>): string {
  const lines: string[] = []
  for (const [shape, result] of Object.entries(report)) {
    lines.push(`\n${shape} (median of ${ROUNDS} rounds)`, 'variant        CPU-s/100k   events/s   p50 ms   p99 ms')
    for (const variant of VARIANTS) {
      const { cpuSecondsPer100k, eventsPerSecond, p50Ms, p99Ms } = result[variant]
      lines.push(
        [
          variant.padEnd(13),
          ...[cpuSecondsPer100k, eventsPerSecond, p50Ms, p99Ms].map(n => n.toFixed(n < 100 ? 2 : 0).padStart(9)),
        ].join('  '),
      )
    }
    lines.push(`governed ÷ pass-through ${result.governedToPassThrough}    governed ÷ naive ${result.governedToNaive}`)
  }
  return `${lines.join('\n')}\n`
}
