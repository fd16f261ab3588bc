// The registry's embedded side: a folder with one file per schema id. For one process: it must never be shared by two.

import { chmod, mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import { probeWriting, syncDirectory, writeTemporary } from '../durable-file.ts'
import { reach } from '../reach.ts'
import { type JsonSchema, type Registry, RegistryUnavailable } from './registry.ts'

interface Entry {
  schema: JsonSchema
  /** Version of this schema by registry subject. */
  registrySubjects: Map<string, number>
}

interface Index {
  entries: Map<number, Entry>
  /** Ids by RFC 8785 canonical content. */
  ids: Map<string, number>
  /** Ids by registry subject: version 1 comes first. */
  versions: Map<string, number[]>
}

/**
 * Opens or creates a registry in a folder of mode 0700, its files 0600.
 * @throws RegistryUnavailable when the folder cannot be read or a file in it is damaged
 */
export async function openFileRegistry(dir: string): Promise<Registry> {
  const index = await reach(RegistryUnavailable, () => load(dir))
  let last: Promise<unknown> = Promise.resolve()

  return {
    register: (registrySubject, schema) => {
      const registered = last.then(() => register(dir, index, registrySubject, schema))
      last = registered.catch(() => {})
      return registered
    },
    schemaById: async id => structuredClone(index.entries.get(id)?.schema),
    versions: async registrySubject =>
      (index.versions.get(registrySubject) ?? []).map((id, i) => ({
        id,
        version: i + 1,
        schema: structuredClone(index.entries.get(id)!.schema),
      })),
    ping: () => reach(RegistryUnavailable, () => probeWriting(dir)),
    close: async () => void (await last),
  }
}

async function load(dir: string): Promise<Index> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  const index: Index = { entries: new Map(), ids: new Map(), versions: new Map() }
  for (const name of await readdir(dir)) {
    if (name.endsWith('.tmp')) await unlink(join(dir, name))
    const id = Number(/^([1-9]\d*)\.json$/.exec(name)?.[1])
    if (!id) continue
    const { schema, registrySubjects } = JSON.parse(await readFile(join(dir, name), 'utf8'))
    addToIndex(index, id, { schema, registrySubjects: new Map(Object.entries<number>(registrySubjects)) })
  }
  return index
}

function addToIndex(index: Index, id: number, entry: Entry): void {
  index.entries.set(id, entry)
  index.ids.set(canonicalize(entry.schema)!, id)
  for (const [registrySubject, version] of entry.registrySubjects) {
    const ids = index.versions.get(registrySubject) ?? []
    ids[version - 1] = id
    index.versions.set(registrySubject, ids)
  }
}

/** Writes the schema's file unless all of it is known. The index follows the disk, never the other way round. */
async function register(dir: string, index: Index, registrySubject: string, schema: JsonSchema): Promise<number> {
  const content = contentOf(schema)
  const id = index.ids.get(content) ?? Math.max(0, ...index.entries.keys()) + 1
  const known = index.entries.get(id)
  if (known?.registrySubjects.has(registrySubject)) return id

  const version = (index.versions.get(registrySubject)?.length ?? 0) + 1
  const entry: Entry = {
    schema: known?.schema ?? (JSON.parse(JSON.stringify(schema)) as JsonSchema),
    registrySubjects: new Map(known?.registrySubjects).set(registrySubject, version),
  }
  await reach(RegistryUnavailable, async () => {
    const file = { schema: entry.schema, registrySubjects: Object.fromEntries(entry.registrySubjects) }
    await rename(await writeTemporary(dir, JSON.stringify(file, null, 2)), join(dir, `${id}.json`))
    await syncDirectory(dir)
  })
  addToIndex(index, id, entry)
  return id
}

function contentOf(schema: JsonSchema): string {
  try {
    return canonicalize(schema)!
  } catch (cause) {
    throw new TypeError('a schema is a JSON value', { cause })
  }
}
