// From Casbin's files to sets that are asked without Casbin: what each role is allowed and denied, by dataset. Casbin
// decides, once for each right of a role on a dataset; no request, event or field is ever put before it.

import { type Enforcer, newEnforcer, newModelFromString, StringAdapter } from 'casbin'
import { type Level, levels } from '../classification/taxonomy.ts'
import { type Diagnostic, formatDiagnostic, type Report, reportInto } from '../contract/diagnostic.ts'
import type { Access } from './access.ts'
import { type AccessAction, accessActions, isFieldAction, isGlobalAction } from './access-action.ts'
import type { Caller } from './caller.ts'
import { allowModel, checkAccessModel, denyModel } from './read-access-model.ts'
import { readAccessPolicy } from './read-access-policy.ts'
import { isRole } from './roles.ts'

/** The files are wrong; `diagnostics` say where and how. */
export class AccessPolicyError extends Error {
  override name = 'AccessPolicyError'
  readonly diagnostics: Diagnostic[]

  constructor(diagnostics: Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'))
    this.diagnostics = diagnostics
  }
}

/** Rights as `action level`. */
interface Grants {
  allowed: ReadonlySet<string>
  denied: ReadonlySet<string>
}

/** What is decided of a role on a dataset: each action, those on fields at each level. */
const rights = accessActions.flatMap(action =>
  (isFieldAction(action) ? levels : (['-'] as const)).map(level => ({ action, level, right: `${action} ${level}` })),
)

/** Stands for every dataset that no rule names: to the rules they are all alike. No dataset has such a name. */
const UNNAMED = '?'

/**
 * @param files what diagnostics call them
 * @throws AccessPolicyError with everything that is wrong in the files
 */
export async function compileAccess(
  model: string,
  policy: string,
  files = { model: 'model.conf', policy: 'policy.csv' },
): Promise<Access> {
  const diagnostics: Diagnostic[] = []
  const report = reportInto(diagnostics)
  checkAccessModel(model, files.model, report)
  const rules = readAccessPolicy(policy, files.policy, report)
  if (diagnostics.length > 0) throw new AccessPolicyError(diagnostics)
  const allows = await newEnforcer(newModelFromString(allowModel), new StringAdapter(policy))
  const denies = await newEnforcer(newModelFromString(denyModel), new StringAdapter(policy))
  await expectSameRules(allows, rules, files.policy, report)
  if (diagnostics.length > 0) throw new AccessPolicyError(diagnostics)
  return accessOf(allows, denies, new Set(rules.map(([, dataset]) => dataset)))
}

/** What was checked is what Casbin decides by. */
async function expectSameRules(enforcer: Enforcer, rules: string[][], file: string, report: Report): Promise<void> {
  const read = await enforcer.getPolicy()
  const at = rules.findIndex((rule, i) => rule.join() !== read[i]?.join())
  if (at < 0 && read.length === rules.length) return
  report.error({ file, line: 1, column: 1 }, `Casbin reads rule ${at + 1} otherwise.`, 'Write it as the others are.')
}

function accessOf(allows: Enforcer, denies: Enforcer, named: ReadonlySet<string>): Access {
  // At most one entry for each role and named dataset: whatever callers ask about, it does not grow.
  const known = new Map<string, Grants>()

  function grantsOf(role: string, dataset: string): Grants {
    const key = `${role} ${dataset}`
    const grants = known.get(key) ?? decide(role, dataset)
    known.set(key, grants)
    return grants
  }

  function decide(role: string, dataset: string): Grants {
    const about = rights.filter(({ action }) => isGlobalAction(action) === (dataset === '*'))
    const ask = (enforcer: Enforcer, { action, level }: (typeof rights)[number]) =>
      enforcer.enforceSync(role, dataset, level, action)
    return {
      allowed: new Set(about.filter(each => ask(allows, each)).map(({ right }) => right)),
      denied: new Set(about.filter(each => !ask(denies, each)).map(({ right }) => right)),
    }
  }

  /** ∪allow − ∪deny over the caller's roles. Roles that do not exist have nothing. */
  function has(caller: Caller, dataset: string, right: string): boolean {
    const name = named.has(dataset) || dataset === '*' ? dataset : UNNAMED
    let allowed = false
    for (const role of caller.roles) {
      if (!isRole(role)) continue
      const grants = grantsOf(role, name)
      if (grants.denied.has(right)) return false
      allowed ||= grants.allowed.has(right)
    }
    return allowed
  }

  function mayAtLevel(caller: Caller, action: AccessAction, dataset: string, level: Level): boolean {
    if (!has(caller, dataset, `${action} ${level}`)) return false
    return action !== 'read-clear' || has(caller, dataset, `read ${level}`)
  }

  const may: Access['may'] = (caller, action, dataset, level) => {
    if (isGlobalAction(action) !== (dataset === '*')) return false
    if (!caller.datasets.includes('*') && !caller.datasets.includes(dataset)) return false
    if (!isFieldAction(action)) return level === undefined && has(caller, dataset, `${action} -`)
    return (level === undefined ? levels : [level]).some(each => mayAtLevel(caller, action, dataset, each))
  }

  return {
    may,
    mayAnywhere: (caller, action) => {
      if (isGlobalAction(action)) return may(caller, action, '*')
      const datasets = caller.datasets.includes('*') ? [UNNAMED, ...named] : caller.datasets
      return datasets.some(dataset => may(caller, action, dataset))
    },
    mask: (caller, dataset) => {
      const readable = (action: AccessAction) => new Set(levels.filter(level => may(caller, action, dataset, level)))
      return { read: readable('read'), clear: readable('read-clear') }
    },
  }
}
