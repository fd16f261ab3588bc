// What the gateway is given by its composition root. Plain values and ports; nothing here reads the environment.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { Catalogue } from '../governance/contract/catalogue.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { People } from '../governance/subjects/people.ts'
import type { Config } from '../runtime/config.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Telemetry } from '../runtime/telemetry.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { EventLog } from '../storage/event-log/event-log.ts'
import type { Vault } from '../storage/vault/vault.ts'

/** What operators ask of any process of ours. */
export interface HealthDeps {
  config: Config
  logger: Logger
  telemetry: Telemetry
  catalogue: Catalogue
  /** Every port by name; ingestion depends on `event-log` and `vault` alone. */
  ports: Record<string, { ping(): Promise<void> }>
  /** What carries events on, where it runs in this process: the topics that hold it up. */
  processors?: { failing(): string[] }
  /** Aborted when the process was asked to stop: it is not ready any more, and goes on serving for a while. */
  draining?: AbortSignal
}

export interface GatewayDeps extends HealthDeps {
  people: People
  ring: KeyRing
  log: EventLog
  vault: Vault
  documents: Documents
  /** Milliseconds since the epoch. */
  now: () => number
}

/** The HTTP server that routes are registered on. */
export type Gateway = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>
