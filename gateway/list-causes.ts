// Why events of a dataset were rejected, cause by cause: how many, since when, for example which, and whether an edit
// since then may have taken the cause away. No original is opened.

import type { LiveContract } from '../governance/contract/catalogue.ts'
import { mayPassNow } from '../governance/contract/estimate-causes.ts'
import { policyVersion } from '../governance/contract/stored-contract.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { StoredQuarantine } from '../storage/stored-quarantine.ts'

const EXAMPLES = 3
/** Causes looked at in the documents at once. */
const AT_ONCE = 16

export interface ListedCause {
  cause: string
  count: number
  /** RFC 3339. */
  firstSeen: string
  lastSeen: string
  /** Schema versions that the examples were checked against. */
  schemas: string[]
  fix: string
  /** Ids of entries, newest first. */
  examples: string[]
  mayPassNow: boolean
}

/** The causes with the most entries, largest first. */
export async function listCauses(documents: Documents, live: LiveContract, limit: number): Promise<ListedCause[]> {
  const counted = await documents.countBy('quarantine', 'cause', { where: { dataset: live.dataset }, limit })
  const causes: (ListedCause | undefined)[] = []
  for (let i = 0; i < counted.length; i += AT_ONCE) {
    const page = counted.slice(i, i + AT_ONCE)
    causes.push(
      ...(await Promise.all(page.map(({ value, count }) => describeCause(documents, live, String(value), count)))),
    )
  }
  return causes.filter(cause => cause !== undefined)
}

/** Undefined where the last of its entries went meanwhile. */
async function describeCause(documents: Documents, live: LiveContract, cause: string, count: number) {
  const where = { dataset: live.dataset, cause }
  const ordered = (order: 'ascending' | 'descending', limit: number) =>
    documents.find('quarantine', { where, sort: { by: 'receivedAt', order }, limit })
  const [oldest, newest] = await Promise.all([ordered('ascending', 1), ordered('descending', EXAMPLES)])
  const entries = [...newest, ...oldest].map(({ body }) => body as unknown as StoredQuarantine)
  const [last, first] = [entries[0], entries.at(-1)]
  if (!last || !first) return undefined
  return {
    cause,
    count,
    firstSeen: first.receivedAt,
    lastSeen: last.receivedAt,
    schemas: [...new Set(entries.map(({ schema }) => schema))],
    fix: last.errors[0]?.fix ?? '',
    examples: newest.map(({ id }) => id),
    mayPassNow: entries.some(entry => mayHaveChanged(live, entry)),
  }
}

/** What was said by the schema version of then, against the newest; by the policy of then, that it is another one now. */
function mayHaveChanged(live: LiveContract, { cause, schema, policy }: StoredQuarantine): boolean {
  const keyword = cause.slice(cause.lastIndexOf(' ') + 1)
  if (keyword === 'dataschema') return schema !== live.newest
  if (policyKeywords.includes(keyword)) return policy !== policyVersion(live)
  return live.versions.has(schema) && schema !== live.newest && mayPassNow({ ...live, newest: schema }, live, cause)
}

/** Of errors that the policy decides, or decides with the schema. */
const policyKeywords = ['unclassified', 'time', 'subject', 'id', 'maxRecordBytes']
