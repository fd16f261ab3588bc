// Says in plain words how a value breaks its schema and what to send instead. It reads the schema's side of Ajv's
// error only: the value itself never comes near.

import type { ErrorObject } from 'ajv/dist/2020.js'
import { listed } from './did-you-mean.ts'

export interface Description {
  detail: string
  fix: string
}

type Params = Record<string, unknown>

const say = (detail: string, fix: string): Description => ({ detail, fix })
const limit =
  (what: string, comparison: string, unit = '') =>
  ({ limit }: Params): Description =>
    say(
      `the ${what} must be ${comparison} ${limit}${unit}`,
      `Send ${article(what)} ${what} that is ${comparison} ${limit}${unit}.`,
    )

const descriptions: Record<string, (params: Params, schema: unknown, undeclared?: number) => Description> = {
  type: ({ type }) => {
    const types = [type].flat().join(' or ')
    return say(`the value must be of type ${types}`, `Send ${article(types)} ${types}; nothing is converted.`)
  },
  required: ({ missingProperty }) =>
    say(`the property \`${missingProperty}\` is missing`, `Add the property \`${missingProperty}\`.`),
  additionalProperties: (_, schema, undeclared) => describeUndeclared(schema, undeclared),
  unevaluatedProperties: (_, schema, undeclared) => describeUndeclared(schema, undeclared),
  enum: ({ allowedValues }) =>
    say('the value is not one of those allowed', `Send one of ${listed(allowedValues as unknown[])}.`),
  const: ({ allowedValue }) => say('the value is not the one allowed', `Send ${listed([allowedValue])}.`),
  minimum: limit('number', 'at least'),
  exclusiveMinimum: limit('number', 'greater than'),
  maximum: limit('number', 'at most'),
  exclusiveMaximum: limit('number', 'less than'),
  multipleOf: ({ multipleOf }) =>
    say(`the number must be a multiple of ${multipleOf}`, `Send a multiple of ${multipleOf}.`),
  minLength: limit('length', 'at least', ' characters'),
  maxLength: limit('length', 'at most', ' characters'),
  pattern: ({ pattern }) => say(`the text must match the pattern ${pattern}`, 'Send a text of that form.'),
  format: ({ format }) => say(`the text must be of the format ${format}`, `Send a valid ${format}.`),
  minItems: limit('number of items', 'at least'),
  maxItems: limit('number of items', 'at most'),
  uniqueItems: ({ i, j }) =>
    say(
      `items ${Math.min(i as number, j as number)} and ${Math.max(i as number, j as number)} are equal`,
      'Send each item once.',
    ),
  contains: ({ minContains }) =>
    say(`too few items fit what the schema wants to be contained`, `Send at least ${minContains ?? 1} of them.`),
  minProperties: limit('number of properties', 'at least'),
  maxProperties: limit('number of properties', 'at most'),
  propertyNames: () => say('a property has a name that is not allowed', 'Use names of the form the schema gives.'),
  dependentRequired: ({ property, missingProperty }) =>
    say(
      `with \`${property}\` the property \`${missingProperty}\` is required too`,
      `Add the property \`${missingProperty}\`.`,
    ),
  anyOf: (_, branches) =>
    say(`the value fits none of the ${(branches as []).length} alternatives`, 'Send one of the shapes in the schema.'),
  oneOf: ({ passingSchemas }, branches) =>
    passingSchemas
      ? say('the value fits more than one alternative', 'Send what fits exactly one of the shapes in the schema.')
      : say(
          `the value fits none of the ${(branches as []).length} alternatives`,
          'Send one of the shapes in the schema.',
        ),
  not: () => say('the value is one that the schema excludes', 'Send another value: see `not` in the schema.'),
  'false schema': () => say('no value is allowed here', 'Leave it out.'),
}

/** @param undeclared how many undeclared properties this place has, as far as it is known */
export function describeError(
  { keyword, params, schema, parentSchema }: ErrorObject,
  undeclared?: number,
): Description {
  const describe = Object.hasOwn(descriptions, keyword) ? descriptions[keyword]! : undefined
  const about = keyword === 'anyOf' || keyword === 'oneOf' ? schema : parentSchema
  if (describe) return describe(params, about, undeclared)
  return say(`the value breaks the schema's \`${keyword}\``, 'See the schema for what is allowed here.')
}

function describeUndeclared(schema: unknown, count: number | undefined): Description {
  const declared = Object.keys((schema as { properties?: object })?.properties ?? {})
  const detail =
    count === undefined
      ? 'undeclared properties'
      : count === 1
        ? '1 undeclared property'
        : `${count} undeclared properties`
  return say(detail, declared.length > 0 ? `Send declared properties only: ${listed(declared)}.` : 'Leave them out.')
}

function article(noun: string): string {
  return /^[aeiou]/.test(noun) ? 'an' : 'a'
}
