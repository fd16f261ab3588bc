// How many anomalies of a dataset are open, for whoever watches Écluse from outside.

import { anomalyKinds, severities } from '../../governance/anomalies/anomaly-kinds.ts'
import type { Documents } from '../../storage/documents/documents.ts'

export interface OpenAnomalies {
  dataset: string
  kind: string
  severity: string
  count: number
}

/** Of each kind and severity that there is. */
export async function countOpen(documents: Pick<Documents, 'countBy'>, dataset: string): Promise<OpenAnomalies[]> {
  const counted = await Promise.all(
    severities.map(async severity => {
      const where = { dataset, state: 'open', severity }
      const kinds = await documents.countBy('anomalies', 'kind', { where, limit: anomalyKinds.length })
      return kinds.map(({ value, count }) => ({ dataset, kind: String(value), severity, count }))
    }),
  )
  return counted.flat()
}
