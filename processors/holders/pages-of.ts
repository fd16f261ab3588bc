// Goes through the documents of persons, page by page.

import type { Documents, StoredDocument } from '../../storage/documents/documents.ts'
import type { collections } from '../../storage/stored-shapes.ts'

const PAGE = 500

/** Documents of a collection whose member `subject` is one of these pseudonyms; those removed meanwhile do not disturb. */
export async function* pagesOf(
  documents: Pick<Documents, 'find'>,
  collection: keyof typeof collections,
  pseudonyms: string[],
): AsyncGenerator<StoredDocument[]> {
  for (const subject of pseudonyms) {
    let after: { id: string } | undefined
    for (;;) {
      const page = await documents.find(collection, { where: { subject }, limit: PAGE, ...(after && { after }) })
      if (page.length > 0) yield page
      if (page.length < PAGE) break
      after = { id: page.at(-1)!.id }
    }
  }
}
