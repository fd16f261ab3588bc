// The servers that the fault tests break: each is started once, when a test first needs it, and stopped after the last.

import { startCassandra } from '../engines/cassandra.ts'
import { startFerretdb } from '../engines/ferretdb.ts'
import { startKafka } from '../engines/kafka.ts'
import { startRegistry } from '../engines/registry.ts'
import { startVersitygw } from '../engines/versitygw.ts'

// Each process that is started sees to its end at our own exit.
process.setMaxListeners(0)

interface Engine {
  stop(): Promise<void>
}

const starting = new Set<Promise<Engine>>()

/** Started at first use, by whichever test. */
export function once<T extends Engine>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined
  return () => {
    started ??= start()
    starting.add(started)
    return started
  }
}

/** Three brokers. */
export const kafka = once(() => startKafka({ brokers: 3 }))
export const ferretdb = once(startFerretdb)
export const cassandra = once(startCassandra)
export const registry = once(startRegistry)
export const versitygw = once(startVersitygw)

/** Users and authorities that are not Écluse's own. */
const OTHERS = /^ECLUSE_(ADMIN|NOBODY|GATEWAY|PROCESSORS|OTHER)_/

/** Starts what is not running yet, and says how Écluse reaches all of it; each part's own users too. */
export async function allEngines(): Promise<Record<string, string>> {
  const engines = await Promise.all([kafka(), ferretdb(), cassandra(), registry(), versitygw()])
  const all: Record<string, string> = Object.assign({}, ...engines.map(({ settings }) => settings))
  return Object.fromEntries(Object.entries(all).filter(([name]) => !OTHERS.test(name)))
}

/** Stops all that was started. */
export async function stopEngines(): Promise<void> {
  const engines = await Promise.allSettled(starting)
  await Promise.all(engines.map(each => each.status === 'fulfilled' && each.value.stop()))
}
