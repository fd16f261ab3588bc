// What a caller may filter and sort by: members its mask covers, and no others, since an answer tells as much of what it
// was asked by as of what it shows. Decided from the live contract, before any store is asked.

import type { FieldMask } from '../governance/access/access.ts'
import { type EnvelopeLevels, liveEnvelope } from '../governance/access/event-reading.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { RequestRefused } from './body/request-refused.ts'

/** @param asked what reads which member, as the caller knows it: `the filter from` reads `time` */
export function mayAskBy(
  contract: Contract,
  mask: FieldMask,
  asked: [what: string, member: keyof EnvelopeLevels][],
): void {
  const levels = liveEnvelope(contract)
  for (const [what, member] of asked) {
    const level = levels[member]
    if (mask.read.has(level)) continue
    throw new RequestRefused({
      status: 403,
      slug: 'forbidden',
      detail: `${what} goes by the event’s ${member}, which is ${level} here: none of the caller’s roles reads that level.`,
      fix: what.startsWith('The filter')
        ? 'Leave the filter out, or use a role that reads this level of the dataset.'
        : 'Use a role that reads this level of the dataset.',
    })
  }
}
