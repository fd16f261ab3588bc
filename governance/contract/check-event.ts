// The policy's `event` section against one schema version: where id, time and persons stand must exist and be of the
// right type. Makes the rules that follow from it: a person's id and a personal event id are never stored as they are.

import { isWithin } from '../classification/taxonomy.ts'
import { actions } from '../protection/actions.ts'
import { personalEventId, subjectId } from '../protection/identity.ts'
import type { JsonType } from './allowed-values.ts'
import type { Classification } from './classify.ts'
import { annotationOf } from './combine-rules.ts'
import type { FieldRule } from './contract.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import { mostSpecific, parsePointer } from './json-pointer.ts'
import type { ReadPolicy } from './read-policy.ts'
import { findPlace, type Place, placesIn } from './schema-tree.ts'
import type { Path } from './source-file.ts'

const UNIQUE_ID = 'user.unique_id'

interface EventCheck {
  read: ReadPolicy
  tree: Place
  annotations: Classification['annotations']
  version: string
  report: Report
}

/** The implicit rules of one schema version, by pointer; problems are reported. */
export function checkEvent(check: EventCheck): Map<string, FieldRule> {
  const rules = new Map<string, FieldRule>()
  const { event } = check.read.policy
  const eventId = typeof event.id === 'string' ? { at: event.id } : event.id
  if (eventId) checkEventId(check, eventId, rules)
  const time = event.time && placeAt(check, event.time.at, ['event', 'time', 'at'])
  if (time) checkTypes(check, time, ['event', 'time', 'at'], ['string', 'null'])
  for (const [i, subject] of event.subjects.entries()) {
    const path = ['event', 'subjects', i]
    const place = placeAt(check, subject.id, [...path, 'id'])
    if (place)
      checkTypes(check, place, [...path, 'id'], i === 0 ? ['string', 'integer'] : ['string', 'integer', 'null'])
    if (place && i === 0) checkRequired(check, place, [...path, 'id'])
    checkRestatement(check, subject.id, 'the id of a subject is always replaced by the pseudonym of the person')
    rules.set(subject.id, {
      pointer: subject.id,
      category: UNIQUE_ID,
      level: 'confidential',
      action: subjectId,
      actionName: 'pseudonymise',
      ...(i > 0 && { of: subject.name }),
      source: 'event',
    })
    for (const [j, alias] of (subject.aliases ?? []).entries()) {
      const aliasPath = [...path, 'aliases', j, 'at']
      const place = placeAt(check, alias.at, aliasPath)
      if (place) checkTypes(check, place, aliasPath, ['string', 'integer', 'null'])
    }
  }
  return rules
}

function checkEventId(check: EventCheck, id: { at: string; personal?: true }, rules: Map<string, FieldRule>): void {
  const { read, report } = check
  const path = typeof read.policy.event.id === 'string' ? ['event', 'id'] : ['event', 'id', 'at']
  const place = placeAt(check, id.at, path)
  if (!place) return
  checkTypes(check, place, path, ['string', 'integer'])
  const common = { pointer: id.at, source: 'event' } as const
  if (id.personal) {
    checkRestatement(check, id.at, 'a personal event id is always hashed under the key of the person')
    rules.set(id.at, { ...common, level: 'confidential', action: personalEventId, actionName: 'pseudonymise' })
    return
  }
  const why = personalBecause(check, place)
  if (why)
    report.error(
      read.source.at(path),
      `the event id at ${id.at} is personal: ${why}.`,
      `Write \`id: { at: ${id.at}, personal: true }\`.`,
    )
  rules.set(id.at, { ...common, level: 'internal', action: actions.keep.make(undefined), actionName: 'keep' })
}

/** Why the event id's field counts as personal data, however it came to be classified; undefined if it does not. */
function personalBecause(check: EventCheck, place: Place): string | undefined {
  const { read, annotations } = check
  if (read.policy.event.subjects.some(({ id }) => id === place.pointer)) return 'it is the id of a subject'
  const [rule] = mostSpecific(read.rules, place.tokens)
  const annotation = annotationOf({ annotations }, place)
  const category = [rule?.category, annotation?.category].find(name => name !== undefined && isWithin(name, 'user'))
  if (category) return `its field is classified as ${category}`
  const action = rule?.action.name ?? annotation?.action?.name
  if (action !== undefined && action !== 'keep') return `\`${rule?.pattern ?? 'the schema'}\` wants to ${action} it`
  return annotation?.sensitive ? 'the schema tags it as personal or sensitive' : undefined
}

/** A rule for the very field may say what it is, but not that something else be done to it. */
function checkRestatement({ read, report }: EventCheck, pointer: string, why: string): void {
  const rule = read.rules.find(({ pattern }) => pattern === pointer)
  if (!rule || (rule.action.name === 'pseudonymise' && rule.action.parameters === undefined)) return
  report.error(rule.at, `\`${pointer}\`: ${why}.`, 'Write `action: pseudonymise`, or leave the rule out.')
}

function placeAt({ read, tree, version, report }: EventCheck, pointer: string, path: Path): Place | undefined {
  const place = findPlace(tree, parsePointer(pointer) ?? [])
  if (place && place !== tree) return place
  const known = [...placesIn(tree)].map(place => place.pointer).filter(known => known !== '' && !known.includes('*'))
  const fix = `${didYouMean(pointer, known)}Point to a property the schema declares.`
  report.error(read.source.at(path), `there is no \`${pointer}\` in schema version ${version}.`, fix)
  return undefined
}

function checkTypes({ read, version, report }: EventCheck, place: Place, path: Path, allowed: JsonType[]): void {
  if (place.types.isSubsetOf(new Set(allowed))) return
  const message = `${place.pointer} may be of type ${[...place.types].join(' or ')} in schema version ${version}.`
  report.error(read.source.at(path), message, `Its type in the schema must be ${listed(allowed)}.`)
}

function checkRequired({ read, tree, version, report }: EventCheck, place: Place, path: Path): void {
  let parent = tree
  for (const token of place.tokens) {
    if (!parent.required.has(token) || parent.types.size > 1) {
      const message = `the primary subject's id may be missing: \`${token}\` is not required in ${parent.pointer || 'the event'} by schema version ${version}.`
      report.error(
        read.source.at(path),
        message,
        `Add "${token}" to \`required\` there, and allow nothing but objects on the way.`,
      )
      return
    }
    parent = parent.members!.get(token)!
  }
}
