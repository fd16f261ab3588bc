// The stacks take turns, round by round, on the same load: what slows the machine slows all of them alike.

import { benchEvent } from './events.ts'
import { type LoadResult, load, type Target } from './load.ts'

export interface Stack {
  name: string
  target: Target
  /** CPU seconds used so far, by the processes that the stack is made of: `process`, `broker`. */
  cpu: Record<string, () => number | Promise<number>>
}

export interface Shape {
  contentType: string
  eventsPerBody: number
  bodies: number
  connections: number
}

interface Sample extends LoadResult {
  /** CPU seconds per 100,000 events, by process. */
  cpu: Record<string, number>
}

export interface Summary {
  /** CPU seconds per 100,000 events, by process. */
  cpu: Record<string, number>
  eventsPerSecond: number
  p50Ms: number
  p99Ms: number
}

export interface ShapeReport {
  stacks: Record<string, Summary>
  /** The first stack's CPU time divided by another's, by that stack and by process: the median of the rounds'. */
  ratios: Record<string, Record<string, number>>
}

export interface RoundsReport {
  rounds: number
  shapes: Record<string, ShapeReport>
  /** Events acknowledged by each stack, with those of the round that is not counted. */
  acknowledged: Record<string, number>
}

/** One round more than told is run: the first warms up and is not counted. */
export async function measureRounds(
  stacks: Stack[],
  shapes: Record<string, Shape>,
  rounds: number,
): Promise<RoundsReport> {
  const samples = new Map<string, Sample[]>()
  const acknowledged = Object.fromEntries(stacks.map(({ name }) => [name, 0]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, shape] of Object.entries(shapes)) {
      for (const i of stacks.keys()) {
        const stack = stacks[(i + round) % stacks.length]!
        const sample = await measureOnce(stack, shape)
        acknowledged[stack.name]! += sample.events
        const key = `${name}/${stack.name}`
        if (round > 0) samples.set(key, [...(samples.get(key) ?? []), sample])
      }
    }
  }
  const reports = Object.keys(shapes).map(shape => {
    const of = (stack: Stack) => samples.get(`${shape}/${stack.name}`)!
    return [shape, summarise(stacks, of)] as const
  })
  return { rounds, shapes: Object.fromEntries(reports), acknowledged }
}

async function measureOnce({ target, cpu }: Stack, shape: Shape): Promise<Sample> {
  const payloads = Array.from({ length: shape.bodies }, () => bodyOf(shape))
  const before = await readAll(cpu)
  const result = await load(target, payloads, shape)
  const after = await readAll(cpu)
  const used = Object.keys(cpu).map(name => [name, ((after[name]! - before[name]!) / result.events) * 100_000])
  return { ...result, cpu: Object.fromEntries(used) }
}

function bodyOf({ contentType, eventsPerBody }: Shape): Buffer {
  const events = Array.from({ length: eventsPerBody }, benchEvent)
  if (contentType === 'application/x-ndjson')
    return Buffer.from(events.map(event => `${JSON.stringify(event)}\n`).join(''))
  return Buffer.from(JSON.stringify(eventsPerBody === 1 ? events[0] : events))
}

async function readAll(cpu: Stack['cpu']): Promise<Record<string, number>> {
  const readings: Record<string, number> = {}
  for (const [name, read] of Object.entries(cpu)) readings[name] = await read()
  return readings
}

function summarise(stacks: Stack[], samplesOf: (stack: Stack) => Sample[]): ShapeReport {
  const [first, ...others] = stacks as [Stack, ...Stack[]]
  const processes = Object.keys(first.cpu)
  const summaryOf = (stack: Stack): Summary => {
    const samples = samplesOf(stack)
    return {
      cpu: byName(processes, name => median(samples.map(({ cpu }) => cpu[name]!))),
      eventsPerSecond: median(samples.map(({ events, seconds }) => events / seconds)),
      p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(samples.map(({ p99Ms }) => p99Ms)),
    }
  }
  // Round by round, so that a machine that slows down slows both.
  const ratioTo = (other: Stack, name: string) =>
    median(samplesOf(first).map(({ cpu }, i) => cpu[name]! / samplesOf(other)[i]!.cpu[name]!))
  return {
    stacks: Object.fromEntries(stacks.map(stack => [stack.name, summaryOf(stack)])),
    ratios: Object.fromEntries(others.map(other => [other.name, byName(processes, name => ratioTo(other, name))])),
  }
}

const byName = (names: string[], numberOf: (name: string) => number) =>
  Object.fromEntries(names.map(name => [name, numberOf(name)]))

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return Number(sorted[Math.floor(sorted.length / 2)]!.toPrecision(4))
}
