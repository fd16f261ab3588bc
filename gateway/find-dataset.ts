// A dataset's live contract by the name in the path, or an answer that helps.

import type { Caller } from '../governance/access/caller.ts'
import type { LiveAccess } from '../governance/access/live-access.ts'
import type { Catalogue, LiveContract } from '../governance/contract/catalogue.ts'
import { didYouMean } from '../governance/contract/did-you-mean.ts'
import { RequestRefused } from './body/request-refused.ts'

interface Deps {
  catalogue: Catalogue
  access: LiveAccess
}

/** @throws RequestRefused 404 with the nearest name among the datasets the caller may see */
export function findDataset(deps: Deps, caller: Caller, dataset: string): LiveContract {
  const contract = deps.catalogue.find(dataset)
  if (contract) return contract
  const visible = visibleDatasets(deps, caller).map(({ dataset: name }) => name)
  throw new RequestRefused({
    status: 404,
    slug: 'dataset-unknown',
    detail: 'No dataset of this name is live.',
    fix: `${didYouMean(dataset, visible)}GET /v1/datasets lists what is live; \`ecluse check\` says why one is not.`,
  })
}

/** The live contracts whose description the caller may read. */
export function visibleDatasets({ catalogue, access }: Deps, caller: Caller): LiveContract[] {
  return catalogue.all().filter(({ dataset }) => access.current().may(caller, 'describe', dataset))
}
