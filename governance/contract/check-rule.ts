// What may not be done to a field, whoever said so: hash what can be guessed, keep what is open, treat as one value
// what has rules inside, need a person where there is none.

import { personalWordIn } from '../classification/detect-by-name.ts'
import { categories } from '../classification/taxonomy.ts'
import type { Annotation } from './annotation.ts'
import type { Classification } from './classify.ts'
import type { Decision } from './combine-rules.ts'
import { formatPosition } from './diagnostic.ts'
import { guessableBecause } from './guessable.ts'
import type { FieldsRule } from './read-policy.ts'
import type { Place } from './schema-tree.ts'

/** Actions that work on one text or number, not on a value with an inside. */
const scalarActions = ['mask', 'generalise']

/** A map or a recursive schema: one rule, and one that leaves nothing readable. */
export function checkSealedRule(
  { report, read, tree }: Classification,
  place: Place,
  rule: FieldsRule | undefined,
  annotation: Annotation | undefined,
): void {
  if (place === tree) return
  const what = place.sealed === 'recursive' ? 'holds itself' : 'may hold names or values that nobody declared'
  const name = rule?.action.name ?? (annotation && (annotation.action?.name ?? 'encrypt'))
  if (name === undefined) {
    report.error(
      read.source.at(['fields'], 'key'),
      `${place.pointer} ${what}, and no rule says what becomes of it as a whole.`,
      `Add \`${place.pointer}: { level: confidential, action: encrypt }\`, or close it with additionalProperties: false in the schema.`,
    )
  } else if (name === 'keep' || scalarActions.includes(name)) {
    report.error(
      rule?.at ?? annotation!.at,
      `${place.pointer} ${what}: ${name} cannot be applied to it.`,
      `Add \`${place.pointer}: { level: confidential, action: encrypt }\` (or drop or redact), or close the schema there with additionalProperties: false.`,
    )
  }
}

/** A declared container that one rule treats as one value. */
export function checkContainerRule(
  { report }: Classification,
  place: Place,
  rule: FieldsRule,
  within: FieldsRule[],
): void {
  const { pattern, action, at } = rule
  for (const other of within) {
    const message = `\`${other.pattern}\` speaks of a part of ${place.pointer}, which \`${pattern}\` (${formatPosition(at)}) treats as one value.`
    report.error(other.at, message, `Write \`${pattern}/**\` for the rest of it, or take one of the two rules away.`)
  }
  const isListOfScalars =
    place.members === undefined && (!place.items || (!place.items.sealed && !place.items.members && !place.items.items))
  if (action.name === 'keep' && isListOfScalars) return
  if (action.name === 'keep' || scalarActions.includes(action.name)) {
    const message = `${place.pointer} has parts of its own: ${action.name} needs a rule for each, or one for all of them.`
    report.error(at, message, `Write \`${pattern}/**\`.`)
  }
}

/** What holds of every field's rule. */
export function checkFieldRule(
  context: Classification,
  place: Place,
  decision: Decision,
  rule: FieldsRule | undefined,
  annotation: Annotation | undefined,
): void {
  const { action, category } = decision
  const at = rule?.at ?? annotation?.at
  if (!action || !at) return
  const { report, read, root } = context
  const { subjects } = read.policy.event
  if (!rule && action.needsPerson && subjects.length === 0) {
    const fix = 'Choose keep, mask, generalise, redact or drop for it, or declare a subject in the policy.'
    report.error(
      at,
      `\`${action.name}\` of ${place.pointer} needs a person's key, and the dataset has no subjects.`,
      fix,
    )
  }
  const reason = action.definition.hashLike ? guessableBecause(root, place.schema, category) : undefined
  if (reason) {
    const fix = 'Choose encrypt, generalise or keep.'
    report.error(at, `${place.pointer} can be guessed from its tokens: ${reason}.`, fix)
  }
  const domain = action.name === 'pseudonymise' && (action.parameters as { domain?: string } | undefined)?.domain
  if (domain) {
    report.warning(
      at,
      `in the domain \`${domain}\` equal values of ${place.pointer} have equal tokens across people and datasets, and keep them after an erasure until the domain's key rotates out.`,
      'Leave the domain out unless you need that join.',
    )
  }
  if (action.name === 'keep') checkKept(context, place, decision, at)
}

/** What is kept is readable by whoever holds the store: nothing of a restricted kind, and no personal data for all. */
function checkKept(context: Classification, place: Place, { category, level }: Decision, at: Annotation['at']): void {
  const { report } = context
  if (category === undefined) {
    warnOfPersonalName(context, place, at)
    return
  }
  const usual = categories.get(category)
  const fix = 'Choose another action than keep.'
  if (usual === 'restricted' && level !== 'restricted') {
    const message = `${place.pointer} is kept in the clear as ${level}, and a ${category} is restricted.`
    report.error(at, message, fix)
  } else if (usual === 'restricted') {
    report.warning(at, `${place.pointer} is kept in the clear, and a ${category} is restricted.`, fix)
  } else if (level === 'public' && usual === 'confidential') {
    const message = `${place.pointer} is kept in the clear as public, and a ${category} is confidential.`
    report.warning(at, message, 'Write `level: internal`, or choose another action than keep.')
  }
}

function warnOfPersonalName({ report }: Classification, place: Place, at: Annotation['at']): void {
  const name = place.tokens.findLast(token => token !== '*')
  const word = name === undefined ? undefined : personalWordIn(name)
  if (!word) return
  const message = `${place.pointer} is kept in the clear, and its name looks personal (${word}).`
  report.warning(at, message, 'Say what it is with a category, or choose another action.')
}
