// For tests alone: random plans for random schemas, with persons at `/me` and `/you`, and contracts made of them.

import fc from 'fast-check'
import type { JsonObject } from '../../storage/json.ts'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import type { StoredContract } from '../../storage/stored-shapes.ts'
import { type Level, levels } from '../classification/taxonomy.ts'
import type { Contract, FieldRule, PlanNode } from '../contract/contract.ts'
import { rootSchema, validObject } from '../contract/schema-arbitrary.ts'
import { type Place, schemaTree } from '../contract/schema-tree.ts'
import { liveContracts } from '../contract/stored-contract.ts'
import type { Action } from '../protection/action.ts'
import { subjectId } from '../protection/identity.ts'

const subjects = [
  { name: 'me', type: 'customer', pointer: '/me', aliases: [], sentinels: new Set<string>() },
  { name: 'you', type: 'customer', pointer: '/you', aliases: [], sentinels: new Set<string>() },
]

export const anyLevel = fc.constantFrom<Level>(...levels)

export interface RandomContract {
  schema: JsonSchema
  plan: PlanNode
  contract: Contract
  stored: StoredContract
  /** Of the plan, in its order. */
  fields: FieldRule[]
}

/** @param actions what may be done to a field, given a random number */
export function randomContract(actions: (seed: number, level: Level) => Action): fc.Arbitrary<RandomContract> {
  return fc
    .tuple(rootSchema.map(withSubjects), fc.array(fc.nat(), { minLength: 200, maxLength: 200 }))
    .map(([schema, seeds]) => contractOf(schema, seeds, actions))
}

/** A contract for a schema: the same schema and the same places, with rules from these numbers. */
export function contractOf(
  schema: JsonSchema,
  seeds: number[],
  actions: (seed: number, level: Level) => Action,
): RandomContract {
  const fields: FieldRule[] = []
  let next = 0
  const ruleAt = (place: Place): FieldRule => {
    const seed = seeds[next++ % seeds.length]!
    const level = levels[seed % levels.length]!
    const subject = subjects.find(({ pointer }) => pointer === place.pointer)
    const action = subject ? subjectId : actions(seed >> 3, level)
    const of = subject ? subject.name : seed & 4 ? 'you' : 'me'
    const rule: FieldRule = { pointer: place.pointer, level, action, actionName: action.name, source: 'policy' }
    fields.push(of === 'you' ? { ...rule, of } : rule)
    return fields.at(-1)!
  }
  const planOf = (place: Place): PlanNode => {
    const node: PlanNode = { pointer: place.pointer, whole: false }
    const isContainer = place.members || place.types.has('array')
    const isWhole = place.pointer !== '' && place.pointer.length % 3 === 0
    if (!isContainer || isWhole) return { ...node, rule: ruleAt(place), whole: isContainer ? true : node.whole }
    if ([...place.types].some(type => type !== 'object' && type !== 'array')) node.rule = ruleAt(place)
    if (place.members) node.members = new Map([...place.members].map(([name, member]) => [name, planOf(member)]))
    if (place.items) node.items = planOf(place.items)
    return node
  }
  const plan = planOf(schemaTree(schema))
  const version = { version: '1-0-0', plan, fields }
  const contract = {
    dataset: 'random',
    policy: {},
    policySha256: 'a'.repeat(64),
    versions: new Map([['1-0-0', version]]),
    subjects,
  } as unknown as Contract
  return { schema, plan, contract, stored: liveContracts(contract)[0]!, fields }
}

/** An event of the contract about two persons. */
export function eventOf({ schema }: RandomContract): fc.Arbitrary<JsonObject> {
  return validObject(schema)
}

function withSubjects(schema: JsonSchema): JsonSchema {
  const person = (id: string) => ({ const: id })
  return {
    ...schema,
    properties: { ...(schema.properties as object), me: person('id of me'), you: person('id of you') },
    required: [...(schema.required as string[]), 'me', 'you'],
  }
}
