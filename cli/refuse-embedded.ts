// Gateways and processors that run apart need stores that several processes can share.

import type { Config } from '../runtime/config.ts'
import { unsharedPorts } from './open-stores.ts'

/** @throws Error that names every setting that is embedded and must be a server */
export function refuseEmbedded(config: Config): void {
  const embedded = unsharedPorts(config)
  if (embedded.length === 0) return
  throw new Error(
    `${embedded.join(', ')}: embedded, for one process alone. Name servers, or run both parts in one with \`ecluse serve\`.`,
  )
}
