// Takes persons out of rows: their own go, and what others' rows hold of them becomes null.

import type { ContractFinder } from '../../governance/contract/find-contract.ts'
import { redactSubjects } from '../../governance/subjects/redact-subjects.ts'
import type { ColumnKind } from '../../storage/lake-manifest.ts'
import { eventOf, type LakeRow, withEvent } from './lake-table.ts'

/** Everybody a row is about: pseudonyms. */
export function personsOf({ subject, others }: LakeRow): string[] {
  const named = typeof others === 'string' ? (JSON.parse(others) as string[]) : []
  return typeof subject === 'string' ? [subject, ...named] : named
}

/**
 * The rows that stay, those that name none of these persons as they were.
 * @param kinds of all columns there have been; those that a redaction adds, too
 * @returns with the persons of each row that was removed or changed
 */
export async function leaveOut(
  contracts: Pick<ContractFinder, 'find'>,
  rows: LakeRow[],
  gone: ReadonlySet<string>,
  kinds: Record<string, ColumnKind>,
): Promise<{ rows: LakeRow[]; touched: string[] }> {
  const staying: LakeRow[] = []
  const touched: string[] = []
  for (const row of rows) {
    const theirs = personsOf(row).filter(person => gone.has(person))
    if (theirs.length === 0) {
      staying.push(row)
      continue
    }
    touched.push(...theirs)
    if (typeof row.subject === 'string' && gone.has(row.subject)) continue
    const { dataset, schema, policy } = row as { dataset: string; schema: string; policy: string }
    const contract = await contracts.find({ dataset, schema, policy })
    // Where nobody knows what of it is theirs, nothing of it is kept.
    const event = contract ? redactSubjects(eventOf(row, kinds), contract, gone) : {}
    const others = personsOf({ ...row, subject: null }).filter(person => !gone.has(person))
    staying.push({ ...withEvent(row, event, kinds), others: others.length > 0 ? JSON.stringify(others) : null })
  }
  return { rows: staying, touched }
}
