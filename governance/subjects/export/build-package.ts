// The package of an export: everything for machines, a table for each dataset, a page to read, and the signed list of
// them all. The same data gives the same bytes.

import { setImmediate } from 'node:timers/promises'
import type { Language } from '../../../runtime/language.ts'
import type { JsonObject, JsonValue } from '../../../storage/json.ts'
import type { StoredContract } from '../../../storage/stored-shapes.ts'
import type { ZipFiles } from '../../audit/exact-zip.ts'
import type { Signer } from '../../audit/sign.ts'
import { signPackage } from '../../audit/verify-package.ts'
import { texts } from './index-texts.ts'
import type { PersonalData } from './personal-data.ts'
import { recordTable, writeCsv } from './write-csv.ts'
import { writeIndex } from './write-index.ts'

/** Written at a time. */
const ITEMS = 500

export interface PackageFacts {
  /** Id of the request. */
  request: string
  requestedAt: string
  createdAt: string
  language: Language
}

/** Lets others have their turn in between: there may be a hundred thousand records. */
export async function buildPackage(signer: Signer, data: PersonalData, facts: PackageFacts): Promise<Buffer> {
  const { request, requestedAt, createdAt, language } = facts
  const files: ZipFiles = new Map()
  files.set('data.json', await joined(machineReadable(data, facts)))
  files.set('index.html', Buffer.from(writeIndex(data, facts)))
  for (const dataset of data.datasets)
    files.set(`events/${dataset.dataset}.csv`, await joined(writeCsv(recordTable(dataset))))
  return signPackage(signer, { request, requestedAt, createdAt, language }, files)
}

async function joined(parts: Iterable<string>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for (const part of parts) {
    pieces.push(Buffer.from(part))
    await setImmediate()
  }
  return Buffer.concat(pieces)
}

/** One JSON object, written in parts. */
function* machineReadable(data: PersonalData, facts: PackageFacts): Generator<string> {
  const { request, requestedAt, createdAt, language } = facts
  const { persons, accesses } = data
  // Why a value is not in the clear, by the action that `closed` names.
  const explanations = texts[language].actions
  const head = { type: 'ecluse/personal-data/1', request, requestedAt, createdAt, persons, accesses, explanations }
  yield `${JSON.stringify(head).slice(0, -1)},\n"datasets":[`
  for (const [i, { dataset, contracts, records, rejected }] of data.datasets.entries()) {
    const about = JSON.stringify({ dataset, contracts: contracts.map(shownContract) })
    yield `${i === 0 ? '' : ','}\n${about.slice(0, -1)},\n"records":[`
    yield* items(records)
    yield '],\n"rejected":['
    yield* items(rejected)
    yield ']}'
  }
  yield ']}\n'
}

function* items(values: object[]): Generator<string> {
  for (let from = 0; from < values.length; from += ITEMS) {
    const lines = values.slice(from, from + ITEMS).map(value => JSON.stringify(value))
    yield `${from === 0 ? '' : ','}\n${lines.join(',\n')}`
  }
}

/** Whom to ask about it is not said here: an owner is a person too. */
function shownContract(contract: StoredContract): JsonObject {
  const { schema, policy, title, purpose, legalBasis, recipients, retention, fields } = contract
  return {
    schema,
    policy,
    title: title ?? null,
    purpose,
    legalBasis,
    recipients,
    retention,
    fields: fields as unknown as JsonValue,
  }
}
