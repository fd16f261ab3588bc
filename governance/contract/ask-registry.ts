// Asks the registry which raw schemas a registry subject holds, each as the one text that its content has.

import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { type Registry, RegistryUnavailable } from '../../storage/registry/registry.ts'
import type { RawVersion } from './pin-schemas.ts'
import type { Answer } from './settle-versions.ts'

/** All versions of a registry subject; what keeps the registry from saying them is an answer too. */
export async function askRegistry(registry: Pick<Registry, 'versions'>, registrySubject: string): Promise<Answer> {
  try {
    const versions = (await registry.versions(registrySubject)).map(({ id, version, schema }): RawVersion => {
      const text = canonicalize(schema)!
      return { registryVersion: version, id, sha256: createHash('sha256').update(text).digest('hex'), text }
    })
    if (versions.length > 0) return { versions }
    // The port lists no registry subjects; the suffix is what people leave out.
    const nearby = registrySubject.endsWith('-value') ? registrySubject.slice(0, -6) : `${registrySubject}-value`
    return { versions, ...(nearby && (await registry.versions(nearby)).length > 0 && { nearby }) }
  } catch (error) {
    if (!(error instanceof RegistryUnavailable)) throw error
    const kind = otherKind(error)
    return kind === undefined ? { problem: error.message } : { kind }
  }
}

/** The port has no word of its own for a schema that is no JSON Schema: the cause says so. */
function otherKind(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  return /\bis ([A-Z]+), not JSON Schema$/.exec(error.message)?.[1] ?? otherKind(error.cause)
}
