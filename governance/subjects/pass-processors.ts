// Waits until everything that stands in the log now has come to where it rests.

import type { EventLog } from '../../storage/event-log/event-log.ts'
import type { RunningRequest } from './running-request.ts'

export interface PassDeps {
  log: Pick<EventLog, 'ends' | 'hasPassed'>
  /** Consumer groups through which records reach the stores, and the topics of each. */
  groups(): { group: string; topics: string[] }[]
}

/** Two stages of a request. @param again what is waited for a second time, in those stages' names */
export async function passProcessors(
  { log, groups }: PassDeps,
  { stage, waitUntil }: RunningRequest,
  again?: string,
): Promise<void> {
  const ends = await stage(`${again ?? 'log'} end noted`, () =>
    Promise.all(groups().map(async ({ group, topics }) => ({ group, ends: await log.ends(topics) }))),
  )
  await stage(again ? `${again}: processors passed` : 'processors passed', async () => {
    for (const each of ends) await waitUntil(() => log.hasPassed(each.group, each.ends))
    return null
  })
}
