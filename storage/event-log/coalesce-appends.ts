// Gathers appends: while one send of a topic is on its way, the next takes up everything that waits for that topic. So
// concurrent requests share a send, one person's events stay in order, and a topic that fails holds up no other one.

import type { LogRecord, Position } from './event-log.ts'

/** Sends records of one topic; resolves with their positions, in the order given, once they are durable. */
export type Send = (topic: string, records: LogRecord[]) => Promise<Position[]>

export interface CoalesceOptions {
  send: Send
  /** A send takes up waiting appends until it holds so many records or bytes. */
  maxRecords: number
  maxBytes: number
  /** What may wait or be on its way at once; more is refused. */
  queueBytes: number
  /** A send that takes longer has failed for its callers; its topic is refused until it ends. */
  sendMs: number
}

/** Nothing was sent: too much waits already, or the topic's last send has not been answered. */
export class AppendRefused extends Error {
  override name = 'AppendRefused'
}

interface Unit {
  records: LogRecord[]
  sizeBytes: number
  resolve: (positions: Position[]) => void
  reject: (error: unknown) => void
}

interface Lane {
  waiting: Unit[]
  sending: boolean
  stalled: boolean
}

/** What a record costs beside its key, value and headers: about what kafkajs adds. */
const RECORD_OVERHEAD_BYTES = 100

/**
 * Makes an `append` for the records of one topic.
 * @throws AppendRefused (by rejection) when nothing was sent; whatever `send` throws when it failed
 */
export function coalesceAppends(options: CoalesceOptions): Send {
  const lanes = new Map<string, Lane>()
  let queuedBytes = 0

  async function drain(topic: string, lane: Lane): Promise<void> {
    lane.sending = true
    // Once per turn of the loop: appends of this turn go together.
    await Promise.resolve()
    while (lane.waiting.length > 0) await sendNext(topic, lane)
    lane.sending = false
    lanes.delete(topic)
  }

  async function sendNext(topic: string, lane: Lane): Promise<void> {
    const units = takeUnits(lane.waiting, options)
    const records = units.flatMap(unit => unit.records)
    const timer = setTimeout(() => {
      lane.stalled = true
      const waiting = lane.waiting.splice(0)
      release(waiting)
      fail([...units, ...waiting], new AppendRefused(`no answer within ${options.sendMs} ms`))
    }, options.sendMs)
    try {
      const positions = await options.send(topic, records)
      let start = 0
      for (const unit of units) {
        unit.resolve(positions.slice(start, start + unit.records.length))
        start += unit.records.length
      }
    } catch (error) {
      fail(units, error)
    } finally {
      clearTimeout(timer)
      lane.stalled = false
      release(units)
    }
  }

  function release(units: Unit[]): void {
    for (const { sizeBytes } of units) queuedBytes -= sizeBytes
  }

  function fail(units: Unit[], error: unknown): void {
    for (const unit of units) unit.reject(error)
  }

  return (topic, records) => {
    const sizeBytes = records.reduce((sum, record) => sum + sizeOf(record), 0)
    const lane = lanes.get(topic) ?? { waiting: [], sending: false, stalled: false }
    if (lane.stalled) return Promise.reject(new AppendRefused('the last send has not been answered'))
    if (queuedBytes + sizeBytes > options.queueBytes && queuedBytes > 0)
      return Promise.reject(new AppendRefused(`more than ${options.queueBytes} bytes wait to be sent`))
    const { promise, resolve, reject } = Promise.withResolvers<Position[]>()
    queuedBytes += sizeBytes
    lane.waiting.push({ records, sizeBytes, resolve, reject })
    if (!lane.sending) {
      lanes.set(topic, lane)
      void drain(topic, lane)
    }
    return promise
  }
}

/** The first unit whatever its size, then as many as fit. */
function takeUnits(waiting: Unit[], { maxRecords, maxBytes }: CoalesceOptions): Unit[] {
  let [count, records, sizeBytes] = [0, 0, 0]
  for (const unit of waiting) {
    records += unit.records.length
    sizeBytes += unit.sizeBytes
    if (count > 0 && (records > maxRecords || sizeBytes > maxBytes)) break
    count += 1
  }
  return waiting.splice(0, count)
}

export function sizeOf({ key, value, headers }: LogRecord): number {
  let sizeBytes = value.length + (key?.length ?? 0) + RECORD_OVERHEAD_BYTES
  // For each record of each append: `Object.entries` costs four times as much.
  for (const name in headers) sizeBytes += name.length + headers[name]!.length
  return sizeBytes
}
