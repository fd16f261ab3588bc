// The level of what hangs on a pointer of a dataset's schema, as its live contract classifies it: the strictest of all
// schema versions.

import { higherLevel, type Level, levels } from '../classification/taxonomy.ts'
import type { Contract } from '../contract/contract.ts'
import { liveContracts } from '../contract/stored-contract.ts'

export type PointerLevel = (pointer: string) => Level

/** Pointers whose level is kept. */
const MAX_KNOWN = 10_000

const known = new WeakMap<Contract, PointerLevel>()

/**
 * Of a field its own, or that of what is treated as one value around it; of an object or array the least of what is in
 * it: that it is there is known to whoever reads any of it. What nobody declared (`*`) has the level of what it was found
 * in; any other pointer that the contract does not know is restricted. Items of arrays may be named by their number.
 */
export function pointerLevels(live: Contract): PointerLevel {
  const levelOf = known.get(live) ?? compile(live)
  known.set(live, levelOf)
  return levelOf
}

function compile(live: Contract): PointerLevel {
  const fields = new Map<string, Level>()
  for (const { pointer, level } of liveContracts(live).flatMap(stored => stored.fields))
    fields.set(pointer, higherLevel(level, fields.get(pointer) ?? level))
  const least = (pointer: string): Level | undefined => {
    const below = [...fields].flatMap(([each, level]) => (each.startsWith(`${pointer}/`) ? [level] : []))
    return levels.find(level => below.includes(level))
  }
  const levelAt = (pointer: string): Level => {
    const found = fields.get(pointer) ?? least(pointer)
    if (found !== undefined || pointer === '') return found ?? 'restricted'
    const end = pointer.lastIndexOf('/')
    const around = pointer.slice(0, end)
    return pointer.slice(end) === '/*' || fields.has(around) ? levelAt(around) : 'restricted'
  }
  const named = (pointer: string) =>
    fields.has(pointer) || least(pointer) !== undefined ? pointer : pointer.replace(/\/\d+(?=\/|$)/g, '/*')
  const levelOf = new Map<string, Level>()
  return pointer => {
    const level = levelOf.get(pointer) ?? levelAt(named(pointer))
    // Pointers come from the schema, with `*` for what it does not declare.
    if (levelOf.size < MAX_KNOWN) levelOf.set(pointer, level)
    return level
  }
}
