// Keys, credentials and settings in MongoDB: small collections, each document under its name.

import { randomUUID } from 'node:crypto'
import { Binary, type Collection, type Db, type Filter, type OptionalUnlessRequiredId, type WithoutId } from 'mongodb'
import { MAX_READ_MS } from '../mongo/connect-mongo.ts'
import { duplicatesIn } from '../mongo/with-retries.ts'
import type { Credential, SealedKey } from './vault.ts'

/** How often a write that met another writer tries again. */
const MEETINGS = 10

interface KeyForm {
  _id: string
  sealed: Binary
  createdAtMs: number
  endsAtMs: number | null
}

/** An earlier version wrote one role. */
type CredentialForm = Omit<Credential, 'id' | 'roles' | 'name'> & {
  _id: string
  name?: string
  roles?: string[]
  role?: string
}

interface SettingForm {
  _id: string
  value: string
}

/** Keys that are being sealed anew. */
interface ReplacementForm {
  _id: string
  keys: { name: string; from: Binary; to: Binary }[]
}

const keysOf = (db: Db) => db.collection<KeyForm>('vault_keys')
const replacementsOf = (db: Db) => db.collection<ReplacementForm>('vault_key_replacements')
const credentialsOf = (db: Db) => db.collection<CredentialForm>('vault_credentials')
const settingsOf = (db: Db) => db.collection<SettingForm>('vault_settings')

const bounded = { maxTimeMS: MAX_READ_MS }

export async function putKeyIfAbsent(db: Db, key: SealedKey): Promise<SealedKey> {
  await settleReplacements(db)
  const { name, sealed, createdAtMs, endsAtMs } = key
  return toKey(await putIfAbsent(keysOf(db), { _id: name, sealed: new Binary(sealed), createdAtMs, endsAtMs }))
}

export async function listKeys(db: Db, prefix: string): Promise<SealedKey[]> {
  await settleReplacements(db)
  return (await keysOf(db).find(startsWith(prefix), bounded).sort({ _id: 1 }).toArray()).map(toKey)
}

const startsWith = (prefix: string) => ({ _id: { $gte: prefix, $lt: `${prefix}\u{10ffff}` } })

export async function setKeyEnd(db: Db, name: string, endsAtMs: number | null): Promise<void> {
  await keysOf(db).updateOne({ _id: name }, { $set: { endsAtMs } })
}

/**
 * What is to replace what is written down first, in one write, and done by whoever meets it: so all of it happens, or
 * nothing. A key that is sealed otherwise by then stays.
 */
export async function replaceKeys(db: Db, keys: { name: string; sealed: Buffer }[]): Promise<void> {
  if (keys.length === 0) return
  await settleReplacements(db)
  const sealedAnew = new Map(keys.map(({ name, sealed }) => [name, sealed]))
  const standing = await keysOf(db)
    .find({ _id: { $in: [...sealedAnew.keys()] } }, bounded)
    .toArray()
  const replaced = standing.map(({ _id: name, sealed: from }) => ({
    name,
    from,
    to: new Binary(sealedAnew.get(name)!),
  }))
  await replacementsOf(db).insertOne({ _id: randomUUID(), keys: replaced })
  await settleReplacements(db)
}

async function settleReplacements(db: Db): Promise<void> {
  for (const { _id: replacement, keys } of await replacementsOf(db).find({}, bounded).toArray()) {
    for (const { name, from, to } of keys)
      await keysOf(db).updateOne({ _id: name, sealed: from }, { $set: { sealed: to } })
    await replacementsOf(db).deleteOne({ _id: replacement })
  }
}

export async function deleteKey(db: Db, name: string): Promise<boolean> {
  return (await keysOf(db).deleteOne({ _id: name })).deletedCount > 0
}

/** One by one, so that none is told as deleted whose end was moved meanwhile. They are few. */
export async function deleteEndedKeys(db: Db, nowMs: number): Promise<string[]> {
  const ended = { endsAtMs: { $lte: nowMs } }
  const names: string[] = []
  for (const { _id } of await keysOf(db)
    .find(ended, { projection: { _id: 1 }, ...bounded })
    .toArray()) {
    const { deletedCount } = await keysOf(db).deleteOne({ _id, ...ended })
    if (deletedCount > 0) names.push(_id)
  }
  return names
}

export async function putCredential(db: Db, { id, ...credential }: Credential): Promise<void> {
  await put(credentialsOf(db), id, credential)
}

export async function findCredential(db: Db, id: string): Promise<Credential | undefined> {
  const found = await credentialsOf(db).findOne({ _id: id }, bounded)
  return found ? toCredential(found) : undefined
}

export async function listCredentials(db: Db): Promise<Credential[]> {
  return (await credentialsOf(db).find({}, bounded).sort({ _id: 1 }).toArray()).map(toCredential)
}

export async function deleteCredential(db: Db, id: string): Promise<boolean> {
  return (await credentialsOf(db).deleteOne({ _id: id })).deletedCount > 0
}

export async function settingOr(db: Db, name: string, value: string): Promise<string> {
  return (await putIfAbsent(settingsOf(db), { _id: name, value })).value
}

export async function findSetting(db: Db, name: string): Promise<string | undefined> {
  return (await settingsOf(db).findOne({ _id: name }, bounded))?.value
}

export async function putSetting(db: Db, name: string, value: string): Promise<void> {
  await put(settingsOf(db), name, { value })
}

export async function listSettings(db: Db, prefix: string, limit: number): Promise<{ name: string; value: string }[]> {
  const found = await settingsOf(db).find(startsWith(prefix), bounded).sort({ _id: 1 }).limit(limit).toArray()
  return found.map(({ _id: name, value }) => ({ name, value }))
}

export async function deleteSetting(db: Db, name: string): Promise<boolean> {
  return (await settingsOf(db).deleteOne({ _id: name })).deletedCount > 0
}

/** Changes nothing, and yet needs a primary, the right to write and a majority. */
export async function ping(db: Db): Promise<void> {
  await settingsOf(db).updateOne({ _id: '' }, { $set: { value: '' } })
}

/** Replaces what stands under the name. */
async function put<Form extends { _id: string }>(
  collection: Collection<Form>,
  name: string,
  replacement: Omit<Form, '_id'>,
): Promise<void> {
  const replaceOne = {
    filter: { _id: name } as Filter<Form>,
    replacement: replacement as WithoutId<Form>,
    upsert: true,
  }
  for (let meeting = 0; meeting < MEETINGS; meeting++) {
    // Two that put a new one at once may both insert: one of them is refused, and replaces what the other put.
    const refused = await duplicatesIn(() => collection.bulkWrite([{ replaceOne }], { ordered: false }))
    if (refused.length === 0) return
  }
  throw new Error('what stands under a name was written by others at every try')
}

/** Resolves with what stands under the name afterwards. */
async function putIfAbsent<Form extends { _id: string }>(collection: Collection<Form>, form: Form): Promise<Form> {
  const named = { _id: form._id } as Filter<Form>
  for (let meeting = 0; meeting < MEETINGS; meeting++) {
    const standing = await collection.findOne<Form>(named, bounded)
    if (standing) return standing
    const insert = [form as OptionalUnlessRequiredId<Form>]
    const refused = await duplicatesIn(() => collection.insertMany(insert, { ordered: false }))
    if (refused.length === 0) return form
  }
  throw new Error('a name was taken and free again at every look')
}

function toKey({ _id, sealed, createdAtMs, endsAtMs }: KeyForm): SealedKey {
  return { name: _id, sealed: Buffer.from(sealed.value()), createdAtMs, endsAtMs }
}

function toCredential({ _id, name = '', secretSha256, roles, role, ...rest }: CredentialForm): Credential {
  const { datasets, createdAtMs, expiresAtMs } = rest
  return { id: _id, name, secretSha256, roles: roles ?? [role!], datasets, createdAtMs, expiresAtMs }
}
