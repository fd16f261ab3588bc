// The contracts and the access policy that are live in this process, and what is done before and after one goes live.

import { type LiveAccess, openLiveAccess } from '../governance/access/live-access.ts'
import type { Audit } from '../governance/audit/audit.ts'
import { type Catalogue, openCatalogue } from '../governance/contract/catalogue.ts'
import { type Diagnostic, formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { openRawSchemas } from '../governance/contract/fetch-schemas.ts'
import { type ContractFinder, openContractFinder } from '../governance/contract/find-contract.ts'
import { rememberIds } from '../governance/contract/remember-ids.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { Config } from '../runtime/config.ts'
import { loggable } from '../runtime/loggable.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Shutdown } from '../runtime/shutdown.ts'
import { activateContract, prepareContract } from './activate-contract.ts'
import { startContractKeeper } from './keep-contracts.ts'
import { openGates } from './open-gates.ts'
import type { Stores } from './open-stores.ts'
import { recordAccess } from './record-access.ts'

/** How soon a contract that went live is written where readers find it, and is tried again. */
const CONTRACTS_MS = 1_000

export interface OpenContractsDeps {
  config: Config
  stores: Stores
  ring: KeyRing
  audit: Audit
  logger: Logger
  shutdown: Shutdown
  /** Whether this process takes events under them: that is recorded. */
  takesEvents: boolean
  /** Called once a contract is live. */
  onLive(): void
}

export interface LiveContracts {
  catalogue: Catalogue
  /** Those that are live, and those of the past. */
  contracts: ContractFinder
  access: LiveAccess
}

/**
 * As the files are now; nobody watches them yet.
 * @throws Error when a directory cannot be read; AccessPolicyError when there is no good access policy
 */
export async function openContracts(deps: OpenContractsDeps): Promise<LiveContracts> {
  const { config, stores, ring, audit, logger, shutdown } = deps
  const { log, registry, vault, documents } = stores
  const partitions = config.eventLog === 'sqlite:' ? 1 : config.kafkaPartitions
  const keeper = startContractKeeper(documents, CONTRACTS_MS, logger)
  shutdown.onStop('contracts', keeper.stop)
  const gates = openGates({ config, vault, logger })
  const catalogue = await openCatalogue({
    ...config,
    gate: gates.contracts,
    registry: rememberIds(registry, vault, {
      onChange: change => logger.warn(change, 'the registry gives another id than before: was it made anew?'),
    }),
    rawSchemas: openRawSchemas({ registry, vault }),
    onActivate: async contract => {
      if (deps.takesEvents) await activateContract({ audit, log, ring, logger, partitions }, contract)
      else await prepareContract({ log, ring, partitions }, contract)
      keeper.keep(contract)
      setImmediate(deps.onLive)
    },
    onProblem: ({ diagnostics, error }) => tellProblems(logger, diagnostics, error),
  })
  const access = await openLiveAccess({
    ...config,
    gate: gates.access,
    onActivate: hashes => recordAccess({ audit, vault, logger }, hashes),
    onProblem: ({ diagnostics, error }) => tellProblems(logger, diagnostics, error),
  })
  return { catalogue, contracts: openContractFinder(documents, catalogue), access }
}

function tellProblems(logger: Logger, diagnostics: Diagnostic[], error: unknown): void {
  if (error instanceof Error)
    logger.error({ err: loggable(error) }, 'schemas and policies could not be made live; trying again')
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity === 'error') logger.error(`${formatDiagnostic(diagnostic)} What was live stays live.`)
    else logger.warn(formatDiagnostic(diagnostic))
  }
}
