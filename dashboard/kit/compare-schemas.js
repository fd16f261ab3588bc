// What lies between two versions of a schema, field by field: which came, which went, which are held to something else.
// Descriptions bind nobody and are left out; what `anyOf` and its like hold is compared as a whole.

/** Of one version that are looked at. */
const MAX_FIELDS = 5_000
const silent = new Set(['$schema', '$id', '$defs', '$comment', 'title', 'description', 'examples', 'deprecated'])
const walked = new Set(['properties', 'required', 'items', '$ref'])

/**
 * @param {object} before a JSON Schema (draft 2020-12) @param {object} after
 * @returns {{ pointer: string, change: 'added' | 'removed' | 'changed',
 *   rules: { keyword: string, before?: any, after?: any }[] }[]} by pointer; of a list's members, `*` stands for each
 */
export function compareSchemas(before, after) {
  const [old, now] = [fieldsOf(before), fieldsOf(after)]
  const pointers = [...new Set([...old.keys(), ...now.keys()])].sort()
  return pointers.flatMap(pointer => {
    const [a, b] = [old.get(pointer), now.get(pointer)]
    const rules = rulesBetween(a ?? {}, b ?? {})
    if (a && b) return rules.length > 0 ? [{ pointer, change: 'changed', rules }] : []
    return [{ pointer, change: a ? 'removed' : 'added', rules }]
  })
}

function rulesBetween(a, b) {
  const keywords = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return keywords
    .filter(keyword => JSON.stringify(a[keyword]) !== JSON.stringify(b[keyword]))
    .map(keyword => ({ keyword, before: a[keyword], after: b[keyword] }))
}

/** By pointer: what a field is held to, and whether it must be there. */
function fieldsOf(root) {
  const found = new Map()
  const walk = (schema, pointer, required, above) => {
    if (found.size >= MAX_FIELDS) return
    const { own, references } = followed(schema, root)
    const rules = Object.entries(own).filter(([keyword]) => !silent.has(keyword) && !walked.has(keyword))
    found.set(pointer, { ...Object.fromEntries(rules), ...(pointer !== '' && { required }) })
    // What refers to itself would have no end.
    if (references.some(each => above.includes(each))) return
    const path = [...above, ...references]
    for (const [name, each] of Object.entries(own.properties ?? {}))
      walk(each, `${pointer}/${escaped(name)}`, (own.required ?? []).includes(name), path)
    if (typeof own.items === 'object') walk(own.items, `${pointer}/*`, false, path)
  }
  walk(root, '', true, [])
  return found
}

/** A schema with what its references lead to. */
function followed(schema, root) {
  let own = typeof schema === 'object' ? schema : { allowed: schema }
  const references = []
  while (typeof own.$ref === 'string' && !references.includes(own.$ref)) {
    references.push(own.$ref)
    const { $ref, ...rest } = own
    own = { ...resolved($ref, root), ...rest }
  }
  return { own, references }
}

function resolved(reference, root) {
  const names = reference.replace(/^#\/?/, '').split('/').filter(Boolean)
  const found = names.reduce((at, name) => at?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], root)
  return typeof found === 'object' ? found : {}
}

const escaped = name => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** A changed list in its members, else both sides. @returns {string} such as `+ "cheque"` or `0 → -1000` */
export function ruleText({ before, after }) {
  const text = value => JSON.stringify(value)
  if (Array.isArray(before) && Array.isArray(after)) {
    const [old, now] = [new Set(before.map(text)), new Set(after.map(text))]
    return [
      ...[...now].filter(each => !old.has(each)).map(each => `+ ${each}`),
      ...[...old].filter(each => !now.has(each)).map(each => `− ${each}`),
    ].join(', ')
  }
  if (before === undefined) return text(after)
  return after === undefined ? `${text(before)} → –` : `${text(before)} → ${text(after)}`
}
