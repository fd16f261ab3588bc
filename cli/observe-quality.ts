// The quality of each dataset's last full hour as metrics: its score, and the share of each dimension that tells.

import type { Catalogue } from '../governance/contract/catalogue.ts'
import { noPromises } from '../governance/contract/quality.ts'
import { type Dimensions, dimensionNames, dimensionsOf, scoreOf } from '../governance/quality/dimensions.ts'
import { readQuality } from '../governance/quality/read-quality.ts'
import type { Telemetry } from '../runtime/telemetry.ts'
import type { Documents } from '../storage/documents/documents.ts'

const HOUR_MS = 3_600_000
/** How long what was read is good for: events of an hour may still be on their way when it ends. */
const FRESH_MS = 60_000

export interface ObserveQualityDeps {
  telemetry: Telemetry
  documents: Pick<Documents, 'find'>
  catalogue: Pick<Catalogue, 'all'>
  now: () => number
}

interface Observed {
  dataset: string
  score: number | null
  dimensions: Dimensions
}

/** From now on they stand in `/metrics`. Where the documents do not answer, the other metrics do. */
export function observeQuality({ telemetry, documents, catalogue, now }: ObserveQualityDeps): void {
  let observed: Observed[] = []
  let readAtMs = Number.NEGATIVE_INFINITY

  async function read(): Promise<Observed[]> {
    const hourMs = Math.floor(now() / HOUR_MS) * HOUR_MS
    const found: Observed[] = []
    for (const contract of catalogue.all())
      for await (const window of readQuality(documents, contract, hourMs - HOUR_MS, hourMs, HOUR_MS)) {
        const dimensions = dimensionsOf(window, contract.quality ?? noPromises)
        found.push({ dataset: contract.dataset, score: scoreOf(dimensions), dimensions })
      }
    return found
  }

  /** Begins to read anew where that is due, and never waits for it: a scrape must not. */
  function look(): Observed[] {
    if (now() - readAtMs >= FRESH_MS) {
      readAtMs = now()
      void read().then(
        found => {
          observed = found
        },
        () => {
          observed = []
        },
      )
    }
    return observed
  }

  const gauge = (name: string, description: string) => telemetry.meter.createObservableGauge(name, { description })
  gauge('ecluse_quality_score', 'Quality of the last full hour, 0 to 100').addCallback(result => {
    for (const { dataset, score } of look()) if (score !== null) result.observe(score, { dataset })
  })
  gauge('ecluse_quality_share', 'Dimensions of quality of the last full hour, 0 to 1').addCallback(result => {
    for (const { dataset, dimensions } of look())
      for (const dimension of dimensionNames) {
        const share = dimensions[dimension]
        if (share !== null) result.observe(share, { dataset, dimension })
      }
  })
}
