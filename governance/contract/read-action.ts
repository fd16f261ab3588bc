// From an action as it is written (`keep`, `{ mask: { keep: last, count: 4 } }`) to one that is ready to run.

import type { Action, ActionDefinition, ActionName } from '../protection/action.ts'
import { actions } from '../protection/actions.ts'
import { checkShape } from './check-shape.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import type { Path, SourceFile } from './source-file.ts'

export interface ReadAction {
  name: ActionName
  definition: ActionDefinition
  parameters: unknown
  action: Action
  needsPerson: boolean
}

/** The action written at `path`; undefined when an error was reported. */
export function readAction(source: SourceFile, path: Path, written: unknown, report: Report): ReadAction | undefined {
  const isObject = typeof written === 'object' && written !== null && !Array.isArray(written)
  const names = isObject ? Object.keys(written) : [written]
  if (names.length !== 1 || typeof names[0] !== 'string') {
    report.error(
      source.at(path),
      'an action is a name, or one name with its parameters.',
      `Choose one of ${listed(Object.keys(actions))}.`,
    )
    return undefined
  }
  const name = names[0]
  if (!Object.hasOwn(actions, name)) {
    const fix = `${didYouMean(name, Object.keys(actions))}Choose one of ${listed(Object.keys(actions))}.`
    report.error(isObject ? source.at([...path, name], 'key') : source.at(path), `\`${name}\` is no action.`, fix)
    return undefined
  }
  const definition = actions[name as ActionName]
  const parameters = isObject ? (written as Record<string, unknown>)[name] : undefined
  if (!checkParameters(definition, source, isObject ? [...path, name] : path, isObject, parameters, report))
    return undefined
  return {
    name: definition.name,
    definition,
    parameters,
    action: definition.make(parameters),
    needsPerson: definition.needsPerson(parameters),
  }
}

function checkParameters(
  definition: ActionDefinition,
  source: SourceFile,
  path: Path,
  given: boolean,
  parameters: unknown,
  report: Report,
): boolean {
  const { name } = definition
  if (!given) {
    if (definition.bare) return true
    const keys = parameterNames(definition.parameters)
    report.error(source.at(path), `\`${name}\` needs parameters.`, `Write { ${name}: { … } } with ${listed(keys)}.`)
    return false
  }
  if (!definition.parameters) {
    report.error(source.at(path), `\`${name}\` takes no parameters.`, `Write \`action: ${name}\`.`)
    return false
  }
  if (!checkShape(definition.parameters, source, path, parameters, report)) return false
  const problems = definition.check?.(parameters) ?? []
  for (const problem of problems) report.error(source.at(path), `${problem}.`, `Change the parameters of \`${name}\`.`)
  return problems.length === 0
}

function parameterNames(shape: unknown): string[] {
  const { anyOf, properties } = shape as { anyOf?: unknown[]; properties?: object }
  return [...new Set(anyOf ? anyOf.flatMap(parameterNames) : Object.keys(properties ?? {}))]
}
