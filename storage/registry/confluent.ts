// The registry's real side: any server that speaks Confluent's Schema Registry API. What is known by now is remembered,
// so that an outage of the registry stops nothing that only needs known ids.

import { reach } from '../reach.ts'
import type { ServerAccess } from '../server-access.ts'
import { type ConfluentClient, confluentClient } from './confluent-client.ts'
import { explainRegistry, hasStatus } from './confluent-explain.ts'
import { registerSchema } from './confluent-register.ts'
import { fromWire, toWire } from './confluent-wire.ts'
import { type RegisteredSchema, type Registry, RegistryUnavailable } from './registry.ts'

/** Ids and schemas that are remembered; beyond, the oldest are forgotten and asked for again. */
const MAX_REMEMBERED = 10_000
/** Versions that are fetched at the same time. */
const MAX_IN_FLIGHT = 8

interface VersionResponse {
  id: number
  version: number
  schema: string
  schemaType?: string
}

/**
 * Opens a registry on a server, without connecting yet.
 * @param access `https://host:port/path`: the path that `/subjects` comes after
 * @throws Error when the URL cannot be understood
 */
export async function openConfluentRegistry(access: ServerAccess): Promise<Registry> {
  const client = confluentClient(access)
  const ids = new Map<string, number>()
  const schemas = new Map<number, string>()
  let last: Promise<unknown> = Promise.resolve()
  let closed = false
  const run = <T>(work: () => Promise<T>) =>
    reach(
      RegistryUnavailable,
      () => {
        if (closed) throw new Error('the registry was closed')
        return work()
      },
      error => explainRegistry(client.server, access.username, error),
    )

  return {
    register: async (registrySubject, schema) => {
      const text = toWire(schema)
      const key = JSON.stringify([registrySubject, text])
      const known = ids.get(key)
      if (known !== undefined) return known
      // One after the other, as versions are: servers do badly when two are added to a registry subject at once.
      const registered = last.then(() =>
        run(async () => {
          const id = ids.get(key) ?? (await registerSchema(client, registrySubject, text))
          remember(ids, key, id)
          remember(schemas, id, text)
          return id
        }),
      )
      last = registered.catch(() => {})
      return registered
    },
    schemaById: id =>
      run(async () => {
        const text = schemas.get(id) ?? (await fetchSchema(client, id))
        if (text === undefined) return undefined
        remember(schemas, id, text)
        return fromWire(text)
      }),
    versions: registrySubject => run(() => fetchVersions(client, registrySubject)),
    ping: () => run(() => ping(client)),
    close: async () => {
      closed = true
      await last
      client.close()
    },
  }
}

function remember<K, V>(memory: Map<K, V>, key: K, value: V): void {
  memory.set(key, value)
  if (memory.size > MAX_REMEMBERED) memory.delete(memory.keys().next().value!)
}

async function fetchSchema({ api }: ConfluentClient, id: number): Promise<string | undefined> {
  const found = await orUndefined(async () => (await api.Schema.find({ id })).data() as VersionResponse)
  if (found) assertJson(found)
  return found?.schema
}

async function fetchVersions({ api }: ConfluentClient, registrySubject: string): Promise<RegisteredSchema[]> {
  // The library's client knows no resource that lists versions; it takes a path instead of a resource's own.
  const path = `/subjects/${encodeURIComponent(registrySubject)}/versions`
  const numbers = await orUndefined(async () => (await api.Subject.all({ path })).data() as number[])
  const versions: RegisteredSchema[] = []
  const waiting = [...(numbers ?? [])]
  const fetchOn = async () => {
    for (let version = waiting.shift(); version !== undefined; version = waiting.shift()) {
      const request = { subject: registrySubject, version }
      const found = await orUndefined(async () => (await api.Subject.version(request)).data() as VersionResponse)
      if (!found) continue
      assertJson(found)
      versions.push({ id: found.id, version: found.version, schema: fromWire(found.schema) })
    }
  }
  await Promise.all(Array.from({ length: MAX_IN_FLIGHT }, fetchOn))
  return versions.sort((one, two) => one.version - two.version)
}

function assertJson({ schemaType = 'AVRO' }: VersionResponse): void {
  if (schemaType !== 'JSON') throw new Error(`a schema in the registry is ${schemaType}, not JSON Schema`)
}

/** What the server does not know is undefined; every other failure is thrown. */
async function orUndefined<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (hasStatus(error, 404)) return undefined
    throw error
  }
}

/** Writing cannot be tried without leaving something behind, so this reads. */
async function ping({ api }: ConfluentClient): Promise<void> {
  const subjects = (await api.Subject.all({ limit: 1 })).data()
  if (!Array.isArray(subjects)) throw Object.assign(new Error('no list of registry subjects'), { status: 404 })
}
