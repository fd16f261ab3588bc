// A registry whose answers outlive it: ids that it gave are kept in the vault, so that a gateway that starts while the
// registry is down still takes events of every contract that was live before.

import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { type JsonSchema, type Registry, RegistryUnavailable } from '../../storage/registry/registry.ts'
import type { Vault } from '../../storage/vault/vault.ts'

/** @returns the registry, which answers from memory what it can while it is unavailable */
export function rememberIds(registry: Registry, vault: Pick<Vault, 'findSetting' | 'settingOr'>): Registry {
  return {
    ...registry,
    register: async (registrySubject, schema) => {
      const name = settingName(registrySubject, schema)
      try {
        const id = await registry.register(registrySubject, schema)
        await vault.settingOr(name, String(id))
        return id
      } catch (error) {
        if (!(error instanceof RegistryUnavailable)) throw error
        const id = await vault.findSetting(name)
        if (id === undefined) throw error
        return Number(id)
      }
    },
    // Only asked for, before registering, whether a version has changed: then it has no id that could be remembered.
    versions: async registrySubject => {
      try {
        return await registry.versions(registrySubject)
      } catch (error) {
        if (error instanceof RegistryUnavailable) return []
        throw error
      }
    },
  }
}

function settingName(registrySubject: string, schema: JsonSchema): string {
  return `registry-id/${registrySubject}/${createHash('sha256').update(canonicalize(schema)!).digest('hex')}`
}
