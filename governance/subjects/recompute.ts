// What aggregates counted of erased persons is computed anew, from the events that remain. Done in an order that makes it
// exact while events go on coming in: see `NotedWindows`.

import type { LogEnd } from '../../storage/event-log/event-log.ts'
import type { JsonObject } from '../../storage/json.ts'
import type { AskedPerson } from './find-asked.ts'
import type { RunningRequest } from './running-request.ts'

/** Windows over days on which holders removed events. */
export interface NotedWindows {
  /** From here on, whoever adds to those windows computes them anew first. */
  begin(persons: AskedPerson[]): Promise<BegunWindows>
  /** Whether everything before these ends was added. */
  hasPassed(ends: LogEnd[]): Promise<boolean>
  /**
   * To be called then. Idempotent.
   * @returns days on which windows were left as they were until they end: the archive may hold their events no more
   */
  compute(begun: BegunWindows): Promise<{ dataset: string; day: string }[]>
  /** Makes sure that nothing of these persons is left in the tables' own files, and forgets what was noted of them. */
  end(persons: AskedPerson[], begun: BegunWindows): Promise<void>
}

export interface BegunWindows {
  /** Days of windows. */
  days: { dataset: string; day: string; epoch: number }[]
  ends: LogEnd[]
}

/** Four stages of an erasure. @returns what its certificate says of aggregates: days by dataset */
export async function recompute(
  { windows }: { windows: NotedWindows },
  { stage, waitUntil }: RunningRequest,
  persons: AskedPerson[],
): Promise<JsonObject> {
  const begun = await stage('windows begun anew', () => windows.begin(persons))
  await stage('windows passed', async () => {
    await waitUntil(() => windows.hasPassed(begun.ends))
    return null
  })
  const left = await stage('windows computed anew', async () => {
    const left = await windows.compute(begun)
    await windows.end(persons, begun)
    return left
  })
  return { computedAnew: byDataset(begun.days), leftAsTheyWere: byDataset(left) }
}

function byDataset(days: { dataset: string; day: string }[]): JsonObject {
  const found: Record<string, string[]> = {}
  for (const { dataset, day } of days) found[dataset] = [...(found[dataset] ?? []), day]
  return found
}
