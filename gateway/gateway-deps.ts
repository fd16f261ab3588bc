// What the gateway is given by its composition root. Plain values and ports; nothing here reads the environment.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { LiveAccess } from '../governance/access/live-access.ts'
import type { Audit } from '../governance/audit/audit.ts'
import type { Signer } from '../governance/audit/sign.ts'
import type { Catalogue } from '../governance/contract/catalogue.ts'
import type { Diagnostic } from '../governance/contract/diagnostic.ts'
import type { ContractFinder } from '../governance/contract/find-contract.ts'
import type { ErasureLedger } from '../governance/subjects/erasure-ledger.ts'
import type { PackageStore } from '../governance/subjects/export/package-store.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { People } from '../governance/subjects/people.ts'
import type { RequestStore } from '../governance/subjects/request-store.ts'
import type { RightsLedger } from '../governance/subjects/rights-ledger.ts'
import type { Config } from '../runtime/config.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Telemetry } from '../runtime/telemetry.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { EventLog } from '../storage/event-log/event-log.ts'
import type { Lake } from '../storage/lake/lake.ts'
import type { Tables } from '../storage/tables/tables.ts'
import type { Vault } from '../storage/vault/vault.ts'
import type { LoginFailure } from './authenticate.ts'

/** What operators ask of any process of ours. */
export interface HealthDeps {
  config: Config
  logger: Logger
  telemetry: Telemetry
  catalogue: Catalogue
  /** Where callers are let in. */
  access?: LiveAccess
  /** Every port by name; ingestion depends on `event-log` and `vault` alone. */
  ports: Record<string, { ping(): Promise<void> }>
  /** What carries events on, where it runs in this process: the topics that hold it up, what is wrong with alerts. */
  processors?: { failing(): string[]; alertDiagnostics(): Diagnostic[] }
  /** Aborted when the process was asked to stop: it is not ready any more, and goes on serving for a while. */
  draining?: AbortSignal
}

export interface GatewayDeps extends HealthDeps {
  access: LiveAccess
  audit: Audit
  signer: Signer
  /** Told of each credential that was refused. Must not throw. */
  onLoginFailure?: (failure: LoginFailure) => void
  people: People
  ring: KeyRing
  log: EventLog
  vault: Vault
  documents: Documents
  /** Of aggregates, and of events. */
  tables: Pick<Tables, 'read'>
  eventTables: Pick<Tables, 'read'>
  lake: Lake
  /** The contracts that stored events name, live or past. */
  contracts: ContractFinder
  ledger: ErasureLedger
  /** What stands of restrictions, objections and legal holds. */
  rights: RightsLedger
  /** Persons' requests. */
  requests: RequestStore
  /** What exports made. */
  packages: PackageStore
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
