// What is looked for in an event of one schema version: which of its fields should hold a value, which of them are
// numbers or listed values, which texts are kept as they came, and what its policy promises. Worked out once.

import { hash } from 'node:crypto'
import type { JsonValue } from '../../storage/json.ts'
import { type Level, levels } from '../classification/taxonomy.ts'
import type { Contract, ContractVersion, FieldRule, PlanNode } from '../contract/contract.ts'
import { noPromises, type QualityPolicy } from '../contract/quality.ts'
import { type Place, schemaTree } from '../contract/schema-tree.ts'
import { type CompiledRule, compileRule } from './consistency.ts'

/** Fields of one schema version that are looked at; of these, those whose values' spread is kept. */
export const MAX_FIELDS = 500
const MAX_SPREADS = 100
/** Values that a schema lists; a longer list is not counted by value. */
export const MAX_LISTED = 100
/** The strictest level of which more is kept than whether there is a value. */
const MAX_LEVEL: Level = 'internal'

/** A place of the stored event; of objects, those members alone below which there is something to look at. */
export interface MeasuredPlace {
  /** Where a value should stand. */
  field?: MeasuredField
  members: [name: string, place: MeasuredPlace][]
}

/** A place of the stored event at or below which texts stand as they came. */
export interface TextPlace {
  /** The field's whose texts are looked at for personal data. */
  pointer?: string
  members: [name: string, place: TextPlace][]
  items?: TextPlace
}

export interface MeasuredField {
  pointer: string
  isNumber: boolean
  /** By the value's JSON. */
  listed: ReadonlySet<string> | undefined
  /** Whether it is kept how its values are spread. */
  isSpread: boolean
}

export interface MeasuringPlan {
  /** Of the list of pointers. */
  name: string
  pointers: string[]
  root: MeasuredPlace
  texts: TextPlace
  promises: QualityPolicy
  rules: CompiledRule[]
}

type Measurable = Pick<Contract, 'versions' | 'eventId' | 'eventTime' | 'quality'>

const plans = new WeakMap<Measurable, Map<string, MeasuringPlan>>()

/** The same plan for the same contract and schema version; undefined where the contract has no such version. */
export function measuringPlan(contract: Measurable, schema: string): MeasuringPlan | undefined {
  const known = plans.get(contract) ?? new Map<string, MeasuringPlan>()
  plans.set(contract, known)
  const version = contract.versions.get(schema)
  if (!version) return undefined
  const plan = known.get(schema) ?? compilePlan(contract, version)
  known.set(schema, plan)
  return plan
}

/** Of an event whose schema version nobody knows: that it came. */
export const blindPlan: MeasuringPlan = {
  name: nameOf([]),
  pointers: [],
  root: { members: [] },
  texts: { members: [] },
  promises: noPromises,
  rules: [],
}

function compilePlan({ eventId, eventTime, quality: promises }: Measurable, version: ContractVersion): MeasuringPlan {
  // Ids and times say nothing by how they are spread.
  const named = new Set([eventId?.pointer, eventTime?.pointer])
  const ruled = new Set(version.fields)
  const fields: MeasuredField[] = []

  function placeOf(node: PlanNode, stored: Place | undefined): MeasuredPlace {
    const { rule, members = [] } = node
    const place: MeasuredPlace = { members: [] }
    if (rule && ruled.has(rule) && isStored(rule) && fields.length < MAX_FIELDS) {
      place.field = fieldOf(rule, stored, !named.has(rule.pointer))
      if (fields.filter(({ isSpread }) => isSpread).length >= MAX_SPREADS) place.field.isSpread = false
      fields.push(place.field)
    }
    for (const [name, member] of node.whole ? [] : members) {
      const below = placeOf(member, stored?.members?.get(name))
      if (below.field || below.members.length > 0) place.members.push([name, below])
    }
    return place
  }

  /** Also below arrays; undefined where there are none. */
  function textsOf({ rule, members = new Map(), items, whole }: PlanNode, stored?: Place): TextPlace | undefined {
    const place: TextPlace = { members: [] }
    if (rule && ruled.has(rule) && isReadable(rule) && !named.has(rule.pointer) && !listedAt(stored))
      place.pointer = rule.pointer
    for (const [name, member] of members) {
      const below = textsOf(member, stored?.members?.get(name))
      if (below) place.members.push([name, below])
    }
    // A list of texts under one rule.
    const below = whole ? place.pointer && place : items && textsOf(items, stored?.items)
    if (below) place.items = below
    return place.pointer !== undefined || place.items || place.members.length > 0 ? place : undefined
  }

  const tree = schemaTree(version.derived)
  const root = placeOf(version.plan, tree)
  const pointers = fields.map(({ pointer }) => pointer)
  return {
    name: nameOf(pointers),
    pointers,
    root,
    texts: textsOf(version.plan, tree) ?? { members: [] },
    promises,
    rules: promises.consistency.map(rule => compileRule(rule, eventTime?.zone)),
  }
}

function fieldOf(rule: FieldRule, stored: Place | undefined, mayBeShown: boolean): MeasuredField {
  const isOpen = mayBeShown && isReadable(rule) && levels.indexOf(rule.level) <= levels.indexOf(MAX_LEVEL)
  const types = isOpen && stored ? stored.types : new Set<string>()
  const isNumber = types.has('number') || types.has('integer')
  const listed = isOpen ? listedAt(stored) : undefined
  return { pointer: rule.pointer, isNumber, listed, isSpread: isNumber || listed !== undefined }
}

/** Values that the schema lists, as JSON; both booleans, where nothing else may stand. */
function listedAt(place: Place | undefined): Set<string> | undefined {
  if (!place) return undefined
  const others = [...place.types].filter(type => type !== 'null')
  if (others.length === 1 && others[0] === 'boolean') return new Set(['true', 'false'])
  const values = place.written.flatMap(schema => (Array.isArray(schema.enum) ? (schema.enum as JsonValue[]) : []))
  const listed = new Set(values.filter(value => value !== null).map(value => JSON.stringify(value)))
  return listed.size > 0 && listed.size <= MAX_LISTED ? listed : undefined
}

const isStored = ({ actionName }: FieldRule) => !['drop', 'redact', 'reject'].includes(actionName)

/** Stored in a form that everybody can read. */
const isReadable = ({ actionName }: FieldRule) => actionName === 'keep' || actionName === 'generalise'

function nameOf(pointers: string[]): string {
  return hash('sha256', JSON.stringify(pointers)).slice(0, 8)
}
