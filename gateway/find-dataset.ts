// A dataset's live contract by the name in the path, or an answer that helps.

import type { Catalogue, LiveContract } from '../governance/contract/catalogue.ts'
import { didYouMean } from '../governance/contract/did-you-mean.ts'
import type { Credential } from '../storage/vault/vault.ts'
import { RequestRefused } from './body/request-refused.ts'

/** @throws RequestRefused 404 with the nearest name among the datasets the credential may see */
export function findDataset(catalogue: Catalogue, credential: Credential, dataset: string): LiveContract {
  const contract = catalogue.find(dataset)
  if (contract) return contract
  const visible = visibleDatasets(catalogue, credential).map(({ dataset: name }) => name)
  throw new RequestRefused({
    status: 404,
    slug: 'dataset-unknown',
    detail: 'No dataset of this name is live.',
    fix: `${didYouMean(dataset, visible)}GET /v1/datasets lists what is live; \`ecluse check\` says why one is not.`,
  })
}

/** The live contracts a credential covers. */
export function visibleDatasets(catalogue: Catalogue, { datasets }: Credential): LiveContract[] {
  return catalogue.all().filter(({ dataset }) => datasets.includes('*') || datasets.includes(dataset))
}
