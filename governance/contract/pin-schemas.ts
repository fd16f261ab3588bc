// What the registry answered for raw schemas that went live, kept in the vault that all processes share: a version that
// was live never becomes another one, and is known while the registry is down. Schemas are no personal data.

import type { Vault } from '../../storage/vault/vault.ts'

/** One version of a registry subject. */
export interface RawVersion {
  /** 1, 2, 3 … in its registry subject. */
  registryVersion: number
  id: number
  /** Hex SHA-256 of the text. */
  sha256: string
  /** RFC 8785. */
  text: string
}

/** One that has its name. */
export interface NamedVersion extends RawVersion {
  /** SchemaVer. */
  version: string
}

export type PinStore = Pick<Vault, 'findSetting' | 'settingOr'>

/** The versions of a dataset that went live from this registry subject, oldest first. */
export async function findPins(vault: PinStore, dataset: string, registrySubject: string): Promise<NamedVersion[]> {
  const pins: NamedVersion[] = []
  for (;;) {
    const value = await vault.findSetting(settingName(dataset, registrySubject, pins.length))
    if (value === undefined) return pins
    pins.push(JSON.parse(value))
  }
}

/**
 * Pins versions that go live, all of the dataset's, oldest first. Idempotent.
 * @throws Error when another process has pinned otherwise: read the pins again
 */
export async function addPins(
  vault: PinStore,
  dataset: string,
  registrySubject: string,
  versions: NamedVersion[],
): Promise<void> {
  for (const [i, { version, registryVersion, id, sha256, text }] of versions.entries()) {
    const value = JSON.stringify({ version, registryVersion, id, sha256, text })
    const pinned: NamedVersion = JSON.parse(await vault.settingOr(settingName(dataset, registrySubject, i), value))
    if (pinned.sha256 !== sha256 || pinned.registryVersion !== registryVersion || pinned.version !== version)
      throw new Error(`another process found other versions of registry subject ${registrySubject}; reading them again`)
  }
}

/** Numbered without gaps, whatever versions the registry has deleted. */
function settingName(dataset: string, registrySubject: string, i: number): string {
  return `raw-schema/${dataset}/${encodeURIComponent(registrySubject)}/${i}`
}
