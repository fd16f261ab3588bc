// How many events of one minute's reception the archive holds, and how many left it for erased persons.

import type { Documents, FindOptions } from '../../storage/documents/documents.ts'
import { receptionOf, type StoredEvent } from '../../storage/stored-shapes.ts'
import { wereRemoved } from './note-removals.ts'

const PAGE = 1_000

/** @param minute see `minuteOf` */
export async function countArchived(
  documents: Pick<Documents, 'countBy' | 'find' | 'getAll'>,
  dataset: string,
  minute: string,
): Promise<{ events: number; erased: number }> {
  const receivedIn = receptionOf(dataset, minute)
  const [noted, events] = [await count('ledger_removals'), await count('events')]
  // What is noted is about to go: until it has gone, it is not counted as gone.
  return { events, erased: noted === 0 ? 0 : noted - (await countStanding(documents, dataset, receivedIn)) }

  async function count(collection: string): Promise<number> {
    const [found] = await documents.countBy(collection, 'receivedIn', { where: { receivedIn }, limit: 1 })
    return found?.count ?? 0
  }
}

/** Events that are noted as removed, and still there. */
async function countStanding(
  documents: Pick<Documents, 'find' | 'getAll'>,
  dataset: string,
  receivedIn: string,
): Promise<number> {
  let standing = 0
  for (let after: FindOptions['after']; ; ) {
    const page = await documents.find('events', { where: { receivedIn }, limit: PAGE, ...(after && { after }) })
    const positions = page.map(({ body }) => (body as unknown as StoredEvent).position)
    standing += (await wereRemoved(documents, dataset, positions)).filter(Boolean).length
    if (page.length < PAGE) return standing
    after = { id: page.at(-1)!.id }
  }
}
