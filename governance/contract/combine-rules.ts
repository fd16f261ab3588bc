// Policy and schema annotation decide together: the more precise category, the higher level, one action. Where they
// contradict each other neither wins: it is an error that names both places.

import type { Level } from '../classification/taxonomy.ts'
import { categories, higherLevel, isWithin, levels } from '../classification/taxonomy.ts'
import { actions } from '../protection/actions.ts'
import type { Annotation } from './annotation.ts'
import type { Classification } from './classify.ts'
import type { FieldRule } from './contract.ts'
import { formatPosition } from './diagnostic.ts'
import { compareSpecificity, matchesPattern } from './json-pointer.ts'
import type { ReadAction } from './read-action.ts'
import type { FieldsRule } from './read-policy.ts'
import { type Place, placesIn } from './schema-tree.ts'

export interface Decision {
  category?: string
  level: Level
  /** Undefined: nobody classified the field. */
  action?: ReadAction
  of?: string
  source: FieldRule['source']
}

/** The annotation that is written at a place. Of several alternatives there, the strictest. */
export function annotationOf(
  { annotations }: Pick<Classification, 'annotations'>,
  place: Place,
): Annotation | undefined {
  const found = place.written.flatMap(schema => annotations.get(schema) ?? [])
  return found.length < 2 ? found[0] : found.reduce(stricter)
}

function stricter(a: Annotation, b: Annotation): Annotation {
  const level = a.level && b.level ? higherLevel(a.level, b.level) : (a.level ?? b.level)
  const sensitive = a.sensitive || b.sensitive
  return { ...b, ...a, sensitive, ...(level !== undefined && { level }) }
}

interface Scope {
  /** The `event` section has settled the action. */
  isFixed: boolean
  /** The rule treats the place and all below it as one value. */
  isWhole: boolean
}

/** What policy and schema say of a place together. */
export function combine(
  context: Classification,
  place: Place,
  rule: FieldsRule | undefined,
  annotation: Annotation | undefined,
  { isFixed, isWhole }: Scope,
): Decision {
  if (!rule) return annotation ? fromAnnotation(annotation) : { level: 'confidential', source: 'unclassified' }
  for (const below of isWhole ? placesIn(place) : [place]) {
    const stated = below === place ? annotation : annotationOf(context, below)
    if (stated) checkAgreement(context, below, rule, stated, { isFixed, isBelow: below !== place })
  }
  const category = preciser(rule.category, annotation?.category)
  return {
    ...(category !== undefined && { category }),
    level: annotation?.level ? higherLevel(rule.level, annotation.level) : rule.level,
    action: rule.action,
    ...(rule.of !== undefined && { of: rule.of }),
    source: 'policy',
  }
}

function fromAnnotation({ category, level, action }: Annotation): Decision {
  const encrypt = actions.encrypt
  return {
    ...(category !== undefined && { category }),
    level: level ?? (category === undefined ? undefined : categories.get(category)) ?? 'confidential',
    action: action ?? {
      name: 'encrypt',
      definition: encrypt,
      parameters: undefined,
      action: encrypt.make(undefined),
      needsPerson: true,
    },
    source: 'schema',
  }
}

function preciser(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return isWithin(b, a) ? b : a
}

function checkAgreement(
  { report }: Classification,
  place: Place,
  rule: FieldsRule,
  annotation: Annotation,
  { isFixed, isBelow }: { isFixed: boolean; isBelow: boolean },
): void {
  const contradict = (what: string, fix: string) => {
    const message = `\`${rule.pattern}\` contradicts the schema (${formatPosition(annotation.at)}) for ${place.pointer}: ${what}.`
    report.error(rule.at, message, fix)
  }
  const { category, level, action } = annotation
  if (
    !isBelow &&
    category &&
    rule.category &&
    !isWithin(category, rule.category) &&
    !isWithin(rule.category, category)
  ) {
    contradict(`the schema says ${category}, the policy ${rule.category}`, 'Agree on one category.')
  }
  if (level && levels.indexOf(rule.level) < levels.indexOf(level)) {
    contradict(`the schema says ${level}, the policy only ${rule.level}`, `Write \`level: ${level}\`.`)
  }
  if (isFixed) return
  if (annotation.sensitive && rule.action.name === 'keep') {
    contradict('it is tagged as personal or sensitive, and the policy keeps it', 'Choose another action than keep.')
  }
  if (!isBelow && action && actionText(action) !== actionText(rule.action)) {
    contradict(`the schema says ${action.name}, the policy ${rule.action.name}`, 'Agree on one action.')
  }
}

function actionText({ name, parameters }: ReadAction): string {
  return JSON.stringify([name, parameters])
}

/** Rules more specific than `rule` that match something below the place. */
export function inside({ read, use }: Classification, place: Place, rule: FieldsRule): FieldsRule[] {
  const below = [...placesIn(place)].slice(1)
  const whole = [...rule.tokens, '**']
  const found = read.rules.filter(
    other =>
      (compareSpecificity(other.tokens, whole) > 0 || other.pattern === `${rule.pattern}/**`) &&
      below.some(({ tokens }) => matchesPattern(other.tokens, tokens)),
  )
  for (const other of found) use.decided.add(other)
  return found
}
