// Finds the contract an event was stored under: among the live ones, else where contracts are kept. Never reads a
// contract that is not the very one an event names.

import { LRUCache } from 'lru-cache'
import type { Documents } from '../../storage/documents/documents.ts'
import { contractDocumentId, type StoredContract } from '../../storage/stored-shapes.ts'
import type { Catalogue } from './catalogue.ts'
import { liveContracts } from './stored-contract.ts'

/** Contracts of the past that are remembered. */
const CACHED_CONTRACTS = 1_000

/** What an event says it was stored under. */
export type ContractName = Pick<StoredContract, 'dataset' | 'schema' | 'policy'>

export interface ContractFinder {
  /** Undefined where nobody knows it. @throws DocumentsUnavailable */
  find(name: ContractName): Promise<StoredContract | undefined>
  /** One look-up for each of the contracts named, by `contractDocumentId`. @throws DocumentsUnavailable */
  findAll(names: ContractName[]): Promise<Map<string, StoredContract>>
}

export function openContractFinder(
  documents: Pick<Documents, 'get'>,
  catalogue: Pick<Catalogue, 'find'>,
): ContractFinder {
  const cache = new LRUCache<string, StoredContract>({ max: CACHED_CONTRACTS })

  async function find({ dataset, schema, policy }: ContractName): Promise<StoredContract | undefined> {
    const live = catalogue.find(dataset)
    const current = live && liveContracts(live).find(stored => stored.schema === schema && stored.policy === policy)
    if (current) return current
    const id = contractDocumentId(dataset, schema, policy)
    const known = cache.get(id)
    if (known) return known
    const found = (await documents.get('contracts', id))?.body as StoredContract | undefined
    // Another request may have found it meanwhile: all share what was worked out for one object.
    if (found && !cache.has(id)) cache.set(id, found)
    return cache.get(id)
  }

  return {
    find,
    findAll: async names => {
      const distinct = new Map(names.map(name => [contractDocumentId(name.dataset, name.schema, name.policy), name]))
      const found = await Promise.all(
        [...distinct].map(async ([id, name]) => [id, await find(name)] as [string, StoredContract | undefined]),
      )
      return new Map(found.filter((entry): entry is [string, StoredContract] => entry[1] !== undefined))
    },
  }
}
