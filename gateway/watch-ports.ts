// Which ports answer: asked side by side, not for longer than a bound, and not again for everybody who wants to know.

import { loggable } from '../runtime/loggable.ts'
import type { HealthDeps } from './gateway-deps.ts'

/** A port that has not answered by then counts as unavailable: whoever asks has a bound of their own. */
const PING_MS = 3_000
/** How long a look at the ports is good for. */
const FRESH_MS = 500

export type PortState = 'ok' | 'unavailable'
/** By port's name. */
export type LookAtPorts = () => Promise<Record<string, PortState>>

/** Asks every port, side by side and not for longer than the bound; what changed is logged, with what to do. */
export function watchPorts({ ports, logger }: Pick<HealthDeps, 'ports' | 'logger'>): LookAtPorts {
  const names = Object.keys(ports)
  const before = new Map<string, PortState>(names.map(name => [name, 'ok']))

  async function ping(name: string): Promise<PortState> {
    const asked = ports[name]!.ping()
    const failure = await within(PING_MS, asked).then(
      () => undefined,
      (error: Error) => error,
    )
    const state = failure ? 'unavailable' : 'ok'
    if (state !== before.get(name)) {
      const tell = (error: Error) => logger.error({ port: name, err: loggable(error) }, `${name} is unavailable`)
      if (failure) tell(failure)
      else logger.info({ port: name }, `${name} is back`)
      // Its own failure, which says what to do, comes after the bound.
      if (failure instanceof NoAnswer) asked.catch(tell)
    }
    before.set(name, state)
    return state
  }

  async function look(): Promise<Record<string, PortState>> {
    const states = await Promise.all(names.map(ping))
    return Object.fromEntries(names.map((name, i) => [name, states[i]!]))
  }

  // Whoever asks needs no key, and each look writes to every store: all who ask share one.
  let last: Promise<Record<string, PortState>> | undefined
  return () => {
    last ??= look().finally(() => setTimeout(() => (last = undefined), FRESH_MS).unref())
    return last
  }
}

class NoAnswer extends Error {}

async function within(limitMs: number, work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new NoAnswer(`no answer within ${limitMs} ms`)), limitMs)
  try {
    await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
