// Registers one schema on a server that speaks Confluent's API. Our own compatibility check has run before; the
// server's rule is left as it is, unless its check cannot read draft 2020-12 at all.

import { type COMPATIBILITY, SchemaType } from '@kafkajs/confluent-schema-registry'
import type { ConfluentClient } from './confluent-client.ts'
import { hasStatus } from './confluent-explain.ts'

const ATTEMPTS = 3

/**
 * The id of this schema in the registry subject. Looked up first: whoever may only read can work with what another
 * registered.
 * @param text the schema as `toWire` writes it
 * @throws TypeError for a schema that does not compile
 */
export async function registerSchema(client: ConfluentClient, registrySubject: string, text: string): Promise<number> {
  const known = await lookUp(client, registrySubject, text)
  if (known !== undefined) return known
  try {
    return await register(client, registrySubject, text)
  } catch (error) {
    if (!(await checkFails(client, registrySubject, text, error))) throw error
    await client.api.Subject.updateConfig({ subject: registrySubject, body: { compatibility: 'NONE' } })
    return await register(client, registrySubject, text)
  }
}

async function lookUp({ api }: ConfluentClient, registrySubject: string, schema: string): Promise<number | undefined> {
  try {
    const found = await api.Subject.registered({
      subject: registrySubject,
      body: { schemaType: SchemaType.JSON, schema },
    })
    return found.data<{ id: number }>().id
  } catch (error) {
    if (hasStatus(error, 404)) return undefined
    throw error
  }
}

/** Another process may make the registry subject, and give it a level, between our question for it and the library's. */
async function register(client: ConfluentClient, registrySubject: string, schema: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await registerOnce(client, registrySubject, schema)
    } catch (error) {
      const isOtherLevel = error instanceof Error && error.name === 'ConfluentSchemaRegistryCompatibilityError'
      if (!isOtherLevel || attempt === ATTEMPTS) throw error
    }
  }
}

async function registerOnce(client: ConfluentClient, registrySubject: string, schema: string): Promise<number> {
  const library = client.library()
  // The library refuses to go on unless it is told the level that the registry subject has already.
  const compatibility = (await levelOf(client, registrySubject)) as COMPATIBILITY | undefined
  try {
    const { id } = await library.register(
      { type: SchemaType.JSON, schema },
      { subject: registrySubject, updateConfig: false, ...(compatibility && { compatibility }) },
    )
    return id
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === 'ConfluentSchemaRegistryArgumentError')) throw cause
    throw new TypeError('a schema does not compile', { cause })
  }
}

/** The registry subject's own compatibility level; undefined where it has none and the server's applies. */
async function levelOf({ api }: ConfluentClient, registrySubject: string): Promise<string | undefined> {
  try {
    const config = await api.Subject.config({ subject: registrySubject })
    return config.data<{ compatibilityLevel: string }>().compatibilityLevel.toUpperCase()
  } catch (error) {
    if (hasStatus(error, 404)) return undefined
    throw error
  }
}

/** Some servers answer 500 when they compare schemas of draft 2020-12: is that what happened? */
async function checkFails(
  { api }: ConfluentClient,
  registrySubject: string,
  schema: string,
  error: unknown,
): Promise<boolean> {
  if (!hasStatus(error, 500)) return false
  try {
    await api.Subject.compatible({ subject: registrySubject, body: { schemaType: SchemaType.JSON, schema } })
    return false
  } catch (failure) {
    return hasStatus(failure, 500)
  }
}
