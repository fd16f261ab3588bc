// What aggregates counted of erased persons is computed anew, from the events that remain.

import type { JsonObject } from '../../storage/json.ts'
import type { AskedPerson } from './find-asked.ts'
import type { RunningRequest } from './running-request.ts'

/** Windows over days on which holders removed events of persons. */
export interface NotedWindows {
  /**
   * Computes them anew, once everything that was appended until now has been added to them; what was noted of the persons
   * is forgotten then. Idempotent.
   * @throws RequestWaits where that takes long
   */
  recompute(persons: AskedPerson[]): Promise<RecomputedWindows>
}

export interface RecomputedWindows {
  /** Days of windows. */
  days: { dataset: string; day: string }[]
  /** Days whose events the archive may hold no more: their windows stay as they are until they end. */
  frozen: { dataset: string; day: string }[]
}

/** A stage of an erasure. @returns what its certificate says of aggregates: days by dataset */
export async function recompute(
  { windows }: { windows: NotedWindows },
  { stage }: RunningRequest,
  persons: AskedPerson[],
): Promise<JsonObject> {
  return stage('windows computed anew', async () => {
    const { days, frozen } = await windows.recompute(persons)
    return { computedAnew: byDataset(days), leftAsTheyWere: byDataset(frozen) }
  })
}

function byDataset(days: { dataset: string; day: string }[]): JsonObject {
  const found: Record<string, string[]> = {}
  for (const { dataset, day } of days) found[dataset] = [...(found[dataset] ?? []), day]
  return found
}
