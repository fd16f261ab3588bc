// Carries events from the log into the lake: a consumer group of its own, whose position follows the manifest's, so that
// a lake that is down holds up nothing else, and loses nothing. Files are written once so many records wait, or the
// oldest has waited for so long.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { topicOf } from '../../governance/contract/topic-of.ts'
import { every } from '../../runtime/every.ts'
import { loggable } from '../../runtime/loggable.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { EventLog, RecordBatch } from '../../storage/event-log/event-log.ts'
import { readManifest } from '../../storage/lake-manifest.ts'
import { consumeGroup } from '../consume-group.ts'
import { ARCHIVE_GROUP } from '../pipeline.ts'
import { ensureManifest } from './change-manifest.ts'
import { compactFiles, endFiles, sweepFiles } from './keep-files.ts'
import { type LakeBuffer, openLakeBuffer } from './lake-buffer.ts'
import { GRACE_MS } from './lake-files.ts'
import { ManifestWentBack, positionIn, type TakeInDeps, takeIn } from './take-in.ts'

export const LAKE_GROUP = 'ecluse.lake'

/** How long a full buffer waits for the archive before that counts as a failure, and how often it looks. */
const ARCHIVE_MS = 10_000
const LOOK_MS = 100
/** How often it is looked whether something has waited long enough, at most. */
const TICK_MS = 1_000

export interface LakeDeps extends TakeInDeps {
  catalogue: Pick<Catalogue, 'all'>
  log: EventLog
  logger: Logger
  batchSize: number
  /** What may wait before a file is written: records, bytes of their values, ms. Of each dataset. */
  flush: { rows: number; bytes: number; ms: number }
  /** Between two turns of compaction and retention. */
  upkeepMs: number
  /** Told how many events came into the lake. */
  count: (dataset: string, rows: number) => void
}

export interface LakeWriter {
  /** Takes up the topics of contracts that went live since. */
  refresh(): Promise<void>
  /** Records that are not in the lake yet. */
  lag(): Promise<number>
  /** Datasets of which something could not be written: it is tried again. */
  failing(): string[]
  stop(): Promise<void>
}

export async function startLake(deps: LakeDeps): Promise<LakeWriter> {
  const { lake, log, logger, now, flush: bounds } = deps
  const failing = new Set<string>()
  const buffers = new Map<string, LakeBuffer>()
  const stopping = new AbortController()
  const datasets = () => deps.catalogue.all().map(({ dataset }) => dataset)
  let turn: Promise<unknown> = Promise.resolve()
  let sweptAtMs = Number.NEGATIVE_INFINITY

  /** One after the other: memory holds the rows of one file. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = turn.then(work)
    turn = next.catch(() => {})
    return next
  }

  async function begin(dataset: string, place: { incarnation: string; partition: number }): Promise<number> {
    return positionIn((await ensureManifest(lake, dataset)).manifest, place)
  }

  function bufferOf(dataset: string): LakeBuffer {
    const buffer = buffers.get(dataset) ?? openLakeBuffer(place => begin(dataset, place), now)
    buffers.set(dataset, buffer)
    return buffer
  }

  async function handle(dataset: string, batch: RecordBatch): Promise<void> {
    const buffer = bufferOf(dataset)
    if (buffer.records() >= bounds.rows || buffer.bytes() >= bounds.bytes) await flush(dataset)
    await buffer.add(batch)
  }

  /** What waits, and what is held no more. @throws Error while the archive has not come so far, among others */
  async function flush(dataset: string): Promise<void> {
    const buffer = bufferOf(dataset)
    const ranges = buffer.ranges()
    await waitForArchive(
      ranges.map(({ next: offset, from: _from, records: _records, ...place }) => ({ ...place, offset })),
    )
    const { manifest, rows } = await inTurn(() => takeIn(deps, dataset, ranges, bounds.rows)).catch(error => {
      if (error instanceof ManifestWentBack) buffer.clear()
      throw error
    })
    buffer.settle(manifest)
    deps.count(dataset, rows)
  }

  async function waitForArchive(ends: Parameters<EventLog['hasPassed']>[1]): Promise<void> {
    const startedMs = performance.now()
    while (!(await log.hasPassed(ARCHIVE_GROUP, ends))) {
      if (performance.now() - startedMs > ARCHIVE_MS)
        throw new Error('the lake waits: these events are not archived yet')
      await sleep(LOOK_MS, undefined, { signal: stopping.signal })
    }
  }

  /** Of which one fails, the others are not held up. */
  async function forAll(names: Iterable<string>, work: (dataset: string) => Promise<unknown>): Promise<void> {
    for (const dataset of names) {
      if (stopping.signal.aborted) return
      try {
        await work(dataset)
        failing.delete(dataset)
      } catch (error) {
        if (stopping.signal.aborted) return
        failing.add(dataset)
        logger.error(
          { dataset, err: loggable(error as Error) },
          'the lake could not be written; it will be tried again',
        )
      }
    }
  }

  const tick = () =>
    forAll(buffers.keys(), async dataset => {
      const buffer = bufferOf(dataset)
      const sinceMs = buffer.sinceMs()
      if (sinceMs !== undefined && now() >= sinceMs + bounds.ms) await flush(dataset)
      const ends = buffer.uncommitted()
      if (ends.length > 0 && (await group.commit(ends))) buffer.committed(ends)
    })

  async function upkeep(): Promise<void> {
    const isSwept = now() < sweptAtMs + GRACE_MS
    await forAll(datasets(), dataset =>
      inTurn(async () => {
        const held = (await readManifest(lake, dataset))?.manifest.held ?? []
        if (held.length > 0) deps.count(dataset, (await takeIn(deps, dataset, [], bounds.rows)).rows)
        const contract = deps.catalogue.all().find(each => each.dataset === dataset)
        if (contract) await endFiles(deps, dataset, contract.retentionMs.lake)
        await compactFiles(deps, dataset, stopping.signal)
        if (!isSwept) await sweepFiles(deps, dataset)
      }),
    )
    if (!isSwept) sweptAtMs = now()
  }

  const group = consumeGroup(deps, failing, { group: LAKE_GROUP, topicOf, handle, commits: 'by hand', begin })
  await group.consume(datasets())
  const stopTicks = every(Math.min(TICK_MS, bounds.ms), tick, logger)
  const stopUpkeep = every(deps.upkeepMs, upkeep, logger)
  let refreshed = Promise.resolve()
  return {
    refresh: () => {
      const next = refreshed.then(() => group.consume(datasets()))
      refreshed = next.catch(() => {})
      return next
    },
    lag: () => log.lag(LAKE_GROUP, datasets().map(topicOf)),
    failing: () => [...failing],
    stop: async () => {
      stopping.abort()
      await refreshed
      await Promise.all([stopTicks(), stopUpkeep()])
      await group.stop()
      await turn
    },
  }
}
