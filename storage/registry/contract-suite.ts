// What every side of the registry port promises, run by each side's own test file. It must only ask for what a real
// registry holds too, on a server that others use at the same time: names are fresh, ids are any numbers.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { JsonSchema, Registry } from './registry.ts'

export interface OpenedRegistry {
  registry: Registry
  /** Closes the registry and opens it again over the same content, where a side can. */
  reopen: () => Promise<Registry>
  close(): Promise<void>
}

const freshName = () => `suite-${randomUUID()}`
/** A schema that nobody registered before. */
const freshSchema = (properties: Record<string, unknown> = {}): JsonSchema => ({
  type: 'object',
  title: randomUUID(),
  properties,
})

export function registryContractSuite(name: string, open: () => Promise<OpenedRegistry>): void {
  describe(`registry: ${name}`, () => {
    let opened: OpenedRegistry
    let registry: Registry
    before(async () => {
      opened = await open()
      registry = opened.registry
    })
    after(() => opened.close())

    test('a registered schema is found by its id, as it was given', async () => {
      const schema = freshSchema({ montant: { type: 'number', minimum: -0.5, enum: [1, null, 'é "quoted" \\ 名 🙂'] } })
      const id = await registry.register(freshName(), schema)
      assert.ok(Number.isSafeInteger(id) && id > 0)
      assert.deepEqual(await registry.schemaById(id), schema)
    })

    test('an unknown id has no schema and an unknown registry subject no version', async () => {
      assert.equal(await registry.schemaById(2_000_000_000), undefined)
      assert.deepEqual(await registry.versions(freshName()), [])
    })

    test('a schema registered twice keeps its id and makes no second version', async () => {
      const registrySubject = freshName()
      const schema = freshSchema()
      const id = await registry.register(registrySubject, schema)
      assert.equal(await registry.register(registrySubject, schema), id)
      assert.deepEqual(await registry.versions(registrySubject), [{ id, version: 1, schema }])
    })

    test('the order of members makes no other schema, a different value does', async () => {
      const registrySubject = freshName()
      const title = randomUUID()
      const id = await registry.register(registrySubject, { type: 'object', title, required: ['a', 'b'] })
      assert.equal(await registry.register(registrySubject, { required: ['a', 'b'], title, type: 'object' }), id)
      assert.notEqual(await registry.register(registrySubject, { type: 'object', title, required: ['a', 'c'] }), id)
    })

    test('equal content has one id in every registry subject', async () => {
      const [one, two] = [freshName(), freshName()]
      const schema = freshSchema()
      const id = await registry.register(one, schema)
      await registry.register(two, freshSchema())
      assert.equal(await registry.register(two, schema), id)
      assert.deepEqual(await registry.versions(one), [{ id, version: 1, schema }])
      assert.deepEqual((await registry.versions(two))[1], { id, version: 2, schema })
    })

    test('versions come oldest first and going back to an old schema makes no new one', async () => {
      const registrySubject = freshName()
      const schemas = [freshSchema(), freshSchema(), freshSchema()]
      for (const schema of schemas) await registry.register(registrySubject, schema)
      await registry.register(registrySubject, schemas[0]!)
      const versions = await registry.versions(registrySubject)
      assert.deepEqual(
        versions.map(({ version, schema }) => ({ version, schema })),
        schemas.map((schema, i) => ({ version: i + 1, schema })),
      )
    })

    test('parallel registrations of one schema agree on its id, of several are all kept', async () => {
      const registrySubject = freshName()
      const schemas = Array.from({ length: 5 }, () => freshSchema())
      const ids = await Promise.all([...schemas, ...schemas].map(schema => registry.register(registrySubject, schema)))
      assert.deepEqual(ids.slice(0, 5), ids.slice(5))
      assert.equal(new Set(ids).size, 5)
      assert.deepEqual(
        (await registry.versions(registrySubject)).map(({ version }) => version),
        [1, 2, 3, 4, 5],
      )
    })

    test('hostile names are names like any other', async () => {
      for (const registrySubject of ['__proto__', 'constructor', `é "quoted" 'name' 名 ${randomUUID()}`]) {
        const schema = freshSchema({ constructor: { type: 'string' } })
        const id = await registry.register(registrySubject, schema)
        assert.ok((await registry.versions(registrySubject)).some(version => version.id === id))
      }
    })

    test('a caller who changes a schema afterwards changes nothing in the registry', async () => {
      const schema = freshSchema()
      const id = await registry.register(freshName(), schema)
      const given = structuredClone(schema)
      schema.title = 'changed'
      ;(await registry.schemaById(id))!.type = 'changed'
      assert.deepEqual(await registry.schemaById(id), given)
    })

    test('the registry answers a ping', () => registry.ping())

    test('what was registered is there after opening again', async () => {
      const registrySubject = freshName()
      const schemas = [freshSchema(), freshSchema()]
      for (const schema of schemas) await registry.register(registrySubject, schema)
      const versions = await registry.versions(registrySubject)
      registry = await opened.reopen()
      assert.deepEqual(await registry.versions(registrySubject), versions)
      assert.equal(await registry.register(registrySubject, schemas[1]!), versions[1]!.id)
      const newId = await registry.register(registrySubject, freshSchema())
      assert.ok(!versions.some(({ id }) => id === newId))
    })
  })
}
