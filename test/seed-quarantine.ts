// Rejected events in any number, made from one that is there.

import { randomUUID } from 'node:crypto'
import type { Documents, StoredDocument } from '../storage/documents/documents.ts'
import type { JsonObject } from '../storage/json.ts'

const CHUNK = 5_000

/** @param count a multiple of 5,000, spread over ten causes */
export async function seedQuarantine(documents: Documents, dataset: string, count: number): Promise<void> {
  const [sample] = await documents.find('quarantine', { limit: 1 })
  for (let from = 0; from < count; from += CHUNK)
    await documents.insertFirst(
      'quarantine',
      Array.from({ length: CHUNK }, (_, i) => seeded(sample!, dataset, from + i)),
    )
}

function seeded(sample: StoredDocument, dataset: string, number: number): StoredDocument {
  const id = randomUUID()
  const receivedAt = new Date(Date.now() - number * 100).toISOString()
  const body: JsonObject = { ...sample.body, id, dataset, receivedAt, cause: `/dob/age minimum ${number % 10}` }
  return { ...sample, id, body }
}
