// Lists, for an erasure's certificate, what of the persons' records stays readable in the log, and until when.

import type { ContractFinder, ContractName } from '../governance/contract/find-contract.ts'
import { quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import type { AskedPerson } from '../governance/subjects/find-asked.ts'
import type { Remain } from '../governance/subjects/holder.ts'
import { type Left, leftReadable } from '../governance/subjects/list-remains.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { StoredPassedOver } from '../storage/stored-passed-over.ts'
import type { StoredLeft, StoredQuarantine } from '../storage/stored-quarantine.ts'
import { loggedAt, type StoredAnomaly, type StoredEvent, type StoredMention } from '../storage/stored-shapes.ts'
import { pagesOf } from './holders/pages-of.ts'
import { placesOf } from './places-of.ts'
import { placesOnlyOf } from './places-only-of.ts'

export interface FindRemainsDeps {
  documents: Documents
  contracts: Pick<ContractFinder, 'find'>
  /** How long the log keeps a dataset's records at most, ms; undefined where nobody says. */
  logMs(dataset: string): number | undefined
  now: () => number
}

/** What stands in the log of them. */
interface LogRecordOf {
  dataset: string
  topic: string
  receivedAt: string
  left: Left[]
}

/** @returns each field of each topic once, with the latest end of the records that hold it */
export async function findRemains(deps: FindRemainsDeps, persons: AskedPerson[]): Promise<Remain[]> {
  const remains = new Map<string, Remain>()
  for await (const { dataset, topic, receivedAt, left } of recordsOf(deps, persons)) {
    const logMs = deps.logMs(dataset)
    const endMs = logMs === undefined ? undefined : Date.parse(receivedAt) + logMs
    if (endMs !== undefined && endMs <= deps.now()) continue
    const until = endMs === undefined ? null : new Date(endMs).toISOString()
    for (const each of left) {
      const key = `${topic} ${each.pointer} ${each.what}`
      const known = remains.get(key)
      if (!known || (known.until !== null && (until === null || until > known.until)))
        remains.set(key, { dataset, topic, ...each, until })
    }
  }
  return [...remains.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, remain]) => remain)
}

async function* recordsOf(deps: FindRemainsDeps, persons: AskedPerson[]): AsyncGenerator<LogRecordOf> {
  const { documents, contracts } = deps
  const pseudonyms = persons.map(({ pseudonym }) => pseudonym)
  for await (const page of pagesOf(documents, 'events', pseudonyms)) {
    for (const { body } of page) {
      const event = body as unknown as StoredEvent
      // It is noted among what was passed over.
      if (isReprotected(event)) continue
      yield recordOf(event, leftReadable(placesOf(event.event), await contractOf(event)))
    }
  }
  for await (const page of pagesOf(documents, 'passed_over', pseudonyms)) {
    for (const { body } of page) {
      const record = body as unknown as StoredPassedOver
      yield recordOf(record, leftReadable(record.places, await contractOf(record)))
    }
  }
  for await (const page of pagesOf(documents, 'anomalies', pseudonyms)) {
    for (const { body } of page) {
      const { dataset, detectedAt, copy, schema, policy, reprotectedAt } = body as unknown as StoredAnomaly
      if (copy === null || schema === null || policy === null || isReprotected({ reprotectedAt })) continue
      const left = leftReadable(placesOf(copy), await contractOf({ dataset, schema, policy }))
      yield recordOf({ dataset, receivedAt: detectedAt }, left)
    }
  }
  for await (const page of pagesOf(documents, 'quarantine', pseudonyms)) {
    for (const { body } of page) {
      const { receivedAt, ...entry } = body as unknown as StoredQuarantine | StoredLeft
      const dataset = 'left' in entry ? entry.left : entry.dataset
      yield rejectedOf(dataset, receivedAt)
    }
  }
  for await (const page of pagesOf(documents, 'mentions', pseudonyms)) {
    for (const { body } of page) {
      const mention = body as unknown as StoredMention
      if (mention.collection === 'quarantine') {
        yield rejectedOf(mention.dataset, mention.keptFrom)
        continue
      }
      const named = await readNamed(mention)
      if (!named) continue
      const contract = await contractOf(named)
      yield recordOf(named, leftReadable(placesOnlyOf(named.event, contract, new Set(pseudonyms)), contract))
    }
  }

  /** What a mention leads to: an event, or the copy that an anomaly keeps. */
  async function readNamed({ collection, document }: StoredMention) {
    const body = (await documents.get(collection, document))?.body
    if (!body || isReprotected(body as unknown as StoredEvent)) return undefined
    if (collection === 'events') return body as unknown as StoredEvent
    const { dataset, detectedAt, copy, schema, policy } = body as unknown as StoredAnomaly
    if (copy === null || schema === null || policy === null) return undefined
    return { dataset, receivedAt: detectedAt, schema, policy, event: copy }
  }

  function contractOf({ dataset, schema, policy }: ContractName) {
    return contracts.find({ dataset, schema, policy })
  }
}

/** Stored before events could be protected anew, it says nothing of it. */
const isReprotected = ({ reprotectedAt }: Pick<StoredEvent, 'reprotectedAt'>) => typeof reprotectedAt === 'string'

/** Of a rejected event's record, the pseudonyms under whose keys its original is sealed. */
function rejectedOf(dataset: string, receivedAt: string): LogRecordOf {
  return { dataset, topic: quarantineTopicOf(dataset), receivedAt, left: leftReadable([], undefined) }
}

function recordOf(
  record: Pick<StoredEvent, 'dataset' | 'receivedAt' | 'replay'> & { rectifiedAt?: string | null },
  left: Left[],
): LogRecordOf {
  return { dataset: record.dataset, topic: topicOf(record.dataset), receivedAt: loggedAt(record), left }
}
