// For tests alone: declared aggregates over the stores of a test, with the usual bounds.

import { ARCHIVE_GROUP } from '../pipeline.ts'
import { type Aggregation, type AggregationDeps, openAggregation } from './open-aggregation.ts'

type Given = Pick<AggregationDeps, 'tables' | 'documents' | 'catalogue' | 'ring'> & Partial<AggregationDeps>

export function aggregationOver(given: Given): Aggregation {
  const log = { ends: async () => [], hasPassed: async () => true }
  return openAggregation({ log, group: ARCHIVE_GROUP, maxGroups: 100, maxRows: 10_000, now: Date.now, ...given })
}
