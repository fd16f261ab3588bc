// Packages of earlier exports as a holder: a person's packages are destroyed with the person.

import type { PackageStore } from '../../governance/subjects/export/package-store.ts'
import type { AskedPerson } from '../../governance/subjects/find-asked.ts'
import type { Holder } from '../../governance/subjects/holder.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import { pagesOf } from './pages-of.ts'

export function packagesHolder(documents: Documents, packages: Pick<PackageStore, 'destroy'>): Holder {
  async function requestsOf(persons: AskedPerson[]): Promise<string[]> {
    const requests = new Set<string>()
    const pseudonyms = persons.map(({ pseudonym }) => pseudonym)
    for await (const page of pagesOf(documents, 'packages', pseudonyms))
      for (const { body } of page) requests.add(body.request as string)
    return [...requests]
  }

  return {
    name: 'export packages',
    erase: async persons => {
      const requests = await requestsOf(persons)
      for (const request of requests) await packages.destroy(request)
      return requests.length
    },
    countLeft: async persons => (await requestsOf(persons)).length,
    // Sealed under keys that are destroyed.
    scrub: async () => null,
  }
}
