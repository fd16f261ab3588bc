// Whether an aggregate, or a promise of quality, may read what is stored at a pointer: that it is stored at all, readable without a key, of a
// fitting type in every schema version, and shows no single person.

import { higherLevel, type Level, levels } from '../classification/taxonomy.ts'
import type { MeasureKind } from '../measures/measure.ts'
import { measures } from '../measures/measures.ts'
import type { Condition } from './aggregate.ts'
import { typeOf } from './allowed-values.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import { placesIn } from './schema-tree.ts'
import { parseSchemaVersion } from './schema-version.ts'
import type { Path, SourceFile } from './source-file.ts'
import { findStored, isNumeric, isScalar, type NoValue, type StoredValue, type VersionAt } from './stored-value.ts'

/** What is wrong, and how to mend it. */
type Complaint = [message: string, fix: string]

/**
 * What the use of a value has against it.
 * @param place its pointer and schema version
 */
type Complain = (value: StoredValue, place: string) => Complaint | undefined

export interface Readable {
  source: SourceFile
  /** Newest first. */
  versions: VersionAt[]
  report: Report
}

/** The level of what stands at `pointer`, the strictest of all versions; undefined when an error was reported. */
export function checkReader(
  { source, versions, report }: Readable,
  { pointer, path, placeOf = 'value' }: { pointer: string; path: Path; placeOf?: 'key' | 'value' },
  complain: Complain,
): Level | undefined {
  const found = versions.map(version => ({ version, value: findStored(version, pointer) }))
  const problem =
    found.map(({ version, value }) => describe(value, pointer, version, complain)).find(each => each) ??
    missing(versions, found, pointer)
  if (problem) {
    report.error(source.at(path, placeOf), ...problem)
    return undefined
  }
  return found.flatMap(({ value }) => ('rule' in value ? [value.rule.level] : [])).reduce<Level>(higherLevel, levels[0])
}

/** What is wrong in one version that knows the pointer. */
function describe(
  value: StoredValue | NoValue,
  pointer: string,
  { version }: VersionAt,
  complain: Complain,
): Complaint | undefined {
  const place = `${pointer} in schema version ${version}`
  if ('problem' in value) {
    const { problem, pointer: around } = value
    if (problem === 'undeclared') return undefined
    if (problem === 'below an array')
      return [
        `${pointer} lies below the array ${around} in schema version ${version}: an event may hold several.`,
        'Choose another field.',
      ]
    if (problem === 'inside')
      return [
        `${pointer} lies inside ${around}, which is stored as one value in schema version ${version}.`,
        'Choose another field.',
      ]
    return [`${place} has parts of its own.`, 'Name one of its fields.']
  }
  const { actionName, action } = value.rule
  if (actionName === 'drop' || actionName === 'redact' || action === 'reject')
    return [`nothing is stored at ${pointer} (${actionName}).`, 'Choose a field that is stored.']
  if (actionName === 'encrypt')
    return [`a ciphertext is stored at ${pointer} (encrypt).`, 'Choose another field, or generalise this one.']
  return complain(value, place)
}

/** A field must be there in what producers send today: in the newest version of each model. */
function missing(
  versions: VersionAt[],
  found: { version: VersionAt; value: StoredValue | NoValue }[],
  pointer: string,
): Complaint | undefined {
  const without = new Set(found.filter(({ value }) => 'problem' in value).map(({ version }) => version))
  if (without.size === versions.length) {
    const known = [...placesIn(versions[0]!.tree)].map(place => place.pointer).filter(name => !name.includes('*'))
    return [`no schema version declares ${pointer}.`, `${didYouMean(pointer, known)}Name a field the schema declares.`]
  }
  const modelOf = ({ version }: VersionAt) => parseSchemaVersion(version)!.model
  const newest = versions.filter((version, i) => versions.findIndex(other => modelOf(other) === modelOf(version)) === i)
  const gone = newest.find(version => without.has(version))
  if (!gone) return undefined
  const message = `${pointer} is not declared in schema version ${gone.version}, the newest of model ${modelOf(gone)}, whose events are still taken.`
  return [message, 'Choose a field that all models have.']
}

/** How the stored value is called in a sentence. */
const kindOf = ({ types }: StoredValue) => [...types].map(type => (type === 'string' ? 'text' : type)).join(' or ')

const isToken = ({ rule }: StoredValue) => rule.actionName === 'pseudonymise'

const numberFix = 'Choose a field that is kept as a number, or generalised to a `band`.'
const scalarFix = 'Choose a field that holds one text, number or boolean.'

/** Against a measure of this kind. */
export function complainOfMeasure(kind: MeasureKind): Complain {
  return (value, place) => {
    const { level } = value.rule
    const { takes, showsValues } = measures[kind]
    const stored = `${kindOf(value)} is stored at ${place}`
    if (kind === 'count') return undefined
    if (takes === 'numbers' && !isNumeric(value)) return [`${stored}, and ${kind} needs numbers.`, numberFix]
    if (!isScalar(value)) return [`${stored}, and ${kind} needs single values.`, scalarFix]
    if (!showsValues) return undefined
    if (isToken(value))
      return [`${kind} would show tokens of persons, from ${place}.`, 'Choose distinct, or another field.']
    return levels.indexOf(level) > levels.indexOf('internal')
      ? [
          `${kind} shows single values, and ${place} is ${level}.`,
          'Choose a measure of the whole, such as count or mean.',
        ]
      : undefined
  }
}

/** Against a group key. */
export function complainOfGroup(perPerson: boolean): Complain {
  return (value, place) => {
    const { action } = value.rule
    const domain = action === 'reject' ? undefined : action.domain
    if (domain !== undefined)
      return [
        `${place} holds tokens of the domain \`${domain}\`, which join persons and are renewed.`,
        'Choose another field.',
      ]
    if (isToken(value) && !perPerson)
      return [
        `each group would be a single person: ${place} holds tokens.`,
        'Choose another field, or write `perPerson: true` if that is what you want.',
      ]
    if (!isScalar(value)) return [`${kindOf(value)} is stored at ${place}, and a group is one value.`, scalarFix]
    if (value.types.has('number') && !value.listed && !value.isGrid)
      return [
        `any number may stand at ${place}, and each would be a group.`,
        'Generalise it to a `band`, or choose another field.',
      ]
    return undefined
  }
}

/** Against a condition. */
export function complainOfCondition(condition: Omit<Condition, 'level'>): Complain {
  const { minimum, maximum, equals, oneOf = [] } = condition
  const comparands = [...(equals === undefined ? [] : [equals]), ...oneOf]
  return (value, place) => {
    if (isToken(value))
      return [`${place} holds tokens of persons, and a condition would single one out.`, 'Choose another field.']
    if ((minimum !== undefined || maximum !== undefined) && !isNumeric(value))
      return [`${kindOf(value)} is stored at ${place}, and \`minimum\` and \`maximum\` need numbers.`, numberFix]
    if (comparands.length > 0 && !isScalar(value))
      return [`${kindOf(value)} is stored at ${place}, and a condition needs single values.`, scalarFix]
    for (const comparand of comparands) {
      const type = typeOf(comparand)
      const mayBe = value.types.has(type) || (type === 'integer' && value.types.has('number'))
      if (mayBe && (value.listed?.includes(comparand) ?? true)) continue
      const known = value.listed?.filter(each => each !== null).map(String) ?? []
      const fix =
        known.length > 0
          ? `${didYouMean(String(comparand), known)}Choose among ${listed(known)}.`
          : `What stands there is ${kindOf(value)}.`
      return [`${listed([comparand])} never stands at ${place}.`, fix]
    }
    return undefined
  }
}
