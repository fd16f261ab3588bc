// A registry whose answers outlive it: ids that it gave are kept in the vault, so that a gateway that starts while the
// registry is down still takes events of every contract that was live before.

import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { type JsonSchema, type Registry, RegistryUnavailable } from '../../storage/registry/registry.ts'
import type { Vault } from '../../storage/vault/vault.ts'

/** A registry that was silent is left alone for so long: many contracts do not wait for it one after the other. */
const PAUSE_MS = 30_000

export interface RememberOptions {
  /** Told of a registry that answers with another id than it once gave, as one does that was made anew. */
  onChange?: (change: { registrySubject: string; before: number; now: number }) => void
  /** Milliseconds of a clock that only goes forward. */
  clock?: () => number
}

/**
 * Asks the registry, and answers from memory what it can while that is unavailable. Before it registers in a registry
 * subject, the caller asks for its versions, to see whether one has changed: where that could not be seen, nothing is
 * registered either.
 */
export function rememberIds(
  registry: Registry,
  vault: Pick<Vault, 'findSetting' | 'settingOr' | 'putSetting'>,
  { onChange = () => {}, clock = () => performance.now() }: RememberOptions = {},
): Registry {
  let outage: { endsMs: number; error: RegistryUnavailable } | undefined
  /** Why the versions of a registry subject could not be seen. */
  const unseen = new Map<string, RegistryUnavailable>()

  async function keep(registrySubject: string, name: string, id: number): Promise<void> {
    const before = Number(await vault.settingOr(name, String(id)))
    if (before === id) return
    await vault.putSetting(name, String(id))
    onChange({ registrySubject, before, now: id })
  }

  async function recall(name: string, error: RegistryUnavailable): Promise<number> {
    const id = await vault.findSetting(name)
    if (id === undefined) throw error
    return Number(id)
  }

  return {
    ...registry,
    register: async (registrySubject, schema) => {
      const name = settingName(registrySubject, schema)
      const reason = unseen.get(registrySubject)
      if (reason) return recall(name, reason)
      try {
        const id = await registry.register(registrySubject, schema)
        await keep(registrySubject, name, id)
        return id
      } catch (error) {
        if (!(error instanceof RegistryUnavailable)) throw error
        return recall(name, error)
      }
    },
    versions: async registrySubject => {
      if (outage && clock() < outage.endsMs) {
        unseen.set(registrySubject, outage.error)
        return []
      }
      try {
        const versions = await registry.versions(registrySubject)
        unseen.delete(registrySubject)
        outage = undefined
        return versions
      } catch (error) {
        if (!(error instanceof RegistryUnavailable)) throw error
        outage = { endsMs: clock() + PAUSE_MS, error }
        unseen.set(registrySubject, error)
        return []
      }
    },
  }
}

function settingName(registrySubject: string, schema: JsonSchema): string {
  return `registry-id/${registrySubject}/${createHash('sha256').update(canonicalize(schema)!).digest('hex')}`
}
