// The engines that serve the ports in tests, and how to start those that the environment does not name.

import { startCassandra } from './cassandra.ts'
import { isGiven, PORTS, type Port, variableOf } from './environment.ts'
import { startFerretdb } from './ferretdb.ts'
import { startKafka } from './kafka.ts'
import { startRegistry } from './registry.ts'
import { startVersitygw } from './versitygw.ts'

interface Started {
  /** Écluse's variables. */
  settings: Record<string, string>
  stop(): Promise<void>
}

const ENGINES: { name: string; ports: Port[]; start: () => Promise<Started> }[] = [
  { name: 'Kafka', ports: ['event-log'], start: () => startKafka({ brokers: 1 }) },
  { name: 'Cassandra', ports: ['tables'], start: startCassandra },
  { name: 'Apicurio Registry', ports: ['registry'], start: startRegistry },
  { name: 'FerretDB', ports: ['vault', 'documents'], start: startFerretdb },
  { name: 'versitygw', ports: ['lake'], start: startVersitygw },
]

/**
 * Starts, all at once, what serves these ports and is not given by the environment.
 * @param tell gets one line for each
 * @throws Error of the first that does not start, after all others were stopped
 */
export async function startEngines(ports: Port[], tell: (line: string) => void): Promise<Started> {
  for (const port of ports.filter(isGiven)) tell(`${port}: given by the environment`)
  const missing = ports.filter(port => !isGiven(port))
  const wanted = ENGINES.filter(engine => engine.ports.some(port => missing.includes(port)))
  const results = await Promise.allSettled(
    wanted.map(async ({ name, start }) => {
      const startMs = performance.now()
      const started = await start()
      tell(`${name}: up after ${((performance.now() - startMs) / 1_000).toFixed(1)} s`)
      return started
    }),
  )
  const running = results.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const stop = async () => {
    await Promise.all(running.map(engine => engine.stop()))
  }
  const failed = results.find(result => result.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const settings = Object.assign({}, ...running.map(engine => engine.settings)) as Record<string, string>
  // An engine may serve two ports, of which the environment names one.
  const given = PORTS.filter(isGiven).map(port => variableOf(port))
  const isOurs = (name: string) => !given.some(variable => name === variable || name.startsWith(`${variable}_`))
  return { settings: Object.fromEntries(Object.entries(settings).filter(([name]) => isOurs(name))), stop }
}
