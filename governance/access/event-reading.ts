// How sensitive each place of a stored event is today: as it was classified when it was stored, or as the policy says
// now, whichever is stricter. Worked out once per stored contract and live contract.

import type { StoredContract, StoredField } from '../../storage/stored-shapes.ts'
import { higherLevel, type Level } from '../classification/taxonomy.ts'
import type { Contract } from '../contract/contract.ts'
import { parsePointer } from '../contract/json-pointer.ts'
import { liveContracts } from '../contract/stored-contract.ts'
import { type FieldNode, fieldTree } from './field-tree.ts'

/** The members that stand beside an event. */
export type EnvelopeLevels = Record<'id' | 'time' | 'subject', Level>

export interface EventReading {
  contract: StoredContract
  tree: FieldNode
  /** Of a field of the contract; what it does not know is restricted. */
  levelOf(field: StoredField | undefined): Level
  /** All levels at a place and below. */
  levelsWithin(node: FieldNode): ReadonlySet<Level>
  envelope: EnvelopeLevels
}

/** Of an event whose contract nobody knows. */
export const unknownEnvelope: EnvelopeLevels = { id: 'restricted', time: 'restricted', subject: 'restricted' }

const known = new WeakMap<StoredContract, { live: Contract | undefined; reading: EventReading }>()

/** @param live the dataset's contract as it stands; undefined if it has none any more */
export function eventReading(contract: StoredContract, live: Contract | undefined): EventReading {
  const before = known.get(contract)
  if (before && before.live === live) return before.reading
  const reading = makeReading(contract, live)
  known.set(contract, { live, reading })
  return reading
}

/** The strictest levels in any version of a live contract: for what is asked before a record is read. */
export function liveEnvelope(live: Contract): EnvelopeLevels {
  const envelopes = liveContracts(live).map(stored => eventReading(stored, live).envelope)
  const strictest = (member: keyof EnvelopeLevels) => envelopes.map(levels => levels[member]).reduce(higherLevel)
  return { id: strictest('id'), time: strictest('time'), subject: strictest('subject') }
}

function makeReading(contract: StoredContract, live: Contract | undefined): EventReading {
  const tree = fieldTree(contract.fields)
  const current = live ? currentLevels(live) : new Map()
  const levels = new Map(contract.fields.map(field => [field, stricter(field, current)]))
  const within = new Map<FieldNode, ReadonlySet<Level>>()
  gather(tree, levels, within)
  const { idPointer, timePointer, subjects } = contract.event
  const levelAt = (pointer: string | undefined): Level => {
    if (pointer === undefined) return 'internal'
    const field = fieldAt(tree, pointer)
    return field ? levels.get(field)! : 'restricted'
  }
  return {
    contract,
    tree,
    levelOf: field => (field && levels.get(field)) ?? 'restricted',
    levelsWithin: node => within.get(node)!,
    envelope: { id: levelAt(idPointer), time: levelAt(timePointer), subject: levelAt(subjects[0]?.pointer) },
  }
}

/** The level of each pointer, over all versions, and whether one value stands there with all that is inside. */
function currentLevels(live: Contract): Map<string, { level: Level; whole: boolean }> {
  const current = new Map<string, { level: Level; whole: boolean }>()
  for (const { pointer, level, whole } of liveContracts(live).flatMap(({ fields }) => fields)) {
    const other = current.get(pointer)
    current.set(pointer, {
      level: other ? higherLevel(level, other.level) : level,
      whole: whole || other?.whole === true,
    })
  }
  return current
}

/** The stricter of a field's own level and of what the policy now says of it, of what holds it and of what it holds. */
function stricter({ pointer, level, whole }: StoredField, current: ReturnType<typeof currentLevels>): Level {
  let strictest = higherLevel(level, current.get(pointer)?.level ?? level)
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    const around = current.get(pointer.slice(0, end))
    if (around?.whole) strictest = higherLevel(strictest, around.level)
  }
  if (!whole) return strictest
  for (const [inner, now] of current) if (inner.startsWith(`${pointer}/`)) strictest = higherLevel(strictest, now.level)
  return strictest
}

/** Notes which levels there are at each place and below. */
function gather(
  node: FieldNode,
  levels: Map<StoredField, Level>,
  within: Map<FieldNode, ReadonlySet<Level>>,
): ReadonlySet<Level> {
  const found = new Set<Level>()
  for (const below of node.below.values()) for (const level of gather(below, levels, within)) found.add(level)
  // What looks like a token here may be an object with these very members: then the strictest of them counts.
  if (node.field?.domain !== undefined && node.below.has('tokens') && node.below.has('sealed'))
    levels.set(node.field, [...found].reduce(higherLevel, levels.get(node.field)!))
  if (node.field) found.add(levels.get(node.field)!)
  within.set(node, found)
  return found
}

/** The field that holds what stands at a pointer: its own, or one around it that is treated as one value. */
function fieldAt(tree: FieldNode, pointer: string): StoredField | undefined {
  let node: FieldNode | undefined = tree
  for (const token of parsePointer(pointer) ?? []) {
    node = node.below.get(token)
    if (!node || node.field?.whole) break
  }
  return node?.field
}
